import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { normaliseSemver } from '@mosis/package';

/** One app of a catalogue file, as it stands there. */
export interface CatalogueApp {
  package_id: string;
  name: string | null;
  summary?: string | null;
  description?: string | null;
  categories?: string[] | null;
  license?: string | null;
  author_name?: string | null;
  website?: string | null;
  permissions?: string[];
  versions: [number, string][];
  /** Of our own catalogue: where the newest version stays. */
  newest?: 'review' | 'approved' | 'draft';
}

/** Reads a catalogue, one JSON object a line, gzip by its ending; lines that are none are reported and passed over. */
export async function* readCatalogue(file: string, onUnreadable: (line: number) => void): AsyncGenerator<CatalogueApp> {
  const raw = createReadStream(file);
  const lines = createInterface({ input: file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw, crlfDelay: Infinity });
  let number = 0;
  // Opening fails inside the stream, where readline would wait for ever.
  const failed = new Promise<never>((_, reject) => raw.once('error', reject));
  failed.catch(() => lines.close());
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    try {
      const app = JSON.parse(line) as CatalogueApp;
      if (typeof app.package_id !== 'string' || !Array.isArray(app.versions)) throw new TypeError('not an app');
      yield app;
    } catch {
      onUnreadable(number);
    }
  }
  if (raw.errored) throw raw.errored;
}

/** How a version name became a semantic version. */
export type NameRule = 'as-is' | 'padded' | 'stand-in';

/**
 * A semantic version for any version name: itself when it is one; filled up with zeros when it starts with one to four
 * numbers (`1.4` → `1.4.0`, `v2.0-beta1` → `2.0.0-beta1`, `1.2.3.4` → `1.2.3+4`); else `0.0.<version code>`.
 */
export function toSemver(name: string, versionCode: number): { version: string; rule: NameRule } {
  const trimmed = name.trim();
  if (normaliseSemver(trimmed) !== undefined) return { version: trimmed, rule: 'as-is' };
  const match =
    /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[-_ .+~]?([0-9A-Za-z][0-9A-Za-z._ +~-]*))?$/i.exec(
      trimmed,
    );
  if (match) {
    const [, major = '0', minor = '0', patch = '0', fourth, rest] = match;
    const label = rest
      ?.split(/[^0-9A-Za-z]+/)
      .filter((part) => part !== '')
      .map((part) => (/^\d+$/.test(part) ? String(Number(part)) : part))
      .join('.');
    const version = `${Number(major)}.${Number(minor)}.${Number(patch)}${label ? `-${label}` : ''}${fourth ? `+${fourth}` : ''}`;
    if (normaliseSemver(version) !== undefined) return { version, rule: 'padded' };
  }
  return { version: `0.0.${versionCode}`, rule: 'stand-in' };
}
