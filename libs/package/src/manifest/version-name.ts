import { SemVer, parse } from 'semver';

/**
 * The text itself when it is a semantic version exactly as semver.org writes one (no leading "v" or "=", no spaces, no
 * leading zeros, at most 256 characters), otherwise undefined.
 */
export function normaliseSemver(text: string): string | undefined {
  const version = parse(text);
  if (version === null) return undefined;
  const written = version.build.length > 0 ? `${version.version}+${version.build.join('.')}` : version.version;
  return written === text ? text : undefined;
}

/** Orders two semantic versions by precedence (build metadata does not count); throws TypeError when one is none. */
export function compareSemver(a: string, b: string): -1 | 0 | 1 {
  return new SemVer(a).compare(new SemVer(b));
}
