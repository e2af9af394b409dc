import { PACKAGE_ERROR_CODES, type PackageErrorCode } from './error-codes.js';

/** The five checks that every upload passes before it is answered. */
export type CheckName = 'archive' | 'signature' | 'manifest' | 'secrets' | 'images';

/** One place in a package that shows what a check found; never holds a whole secret. */
export interface Evidence {
  path?: string;
  line?: number;
  kind?: string;
  excerpt?: string;
  pointer?: string;
  detail?: string;
}

/** What one check found. */
export interface CheckReport {
  name: CheckName;
  status: 'passed' | 'failed' | 'skipped' | 'errored';
  code?: string;
  detail?: string;
  evidence?: unknown[];
}

/** Facts about a refusal beside its code and sentence. */
export interface PackageErrorFacts {
  path?: string;
  evidence?: Evidence[];
  secrets?: string[];
  cause?: unknown;
}

/** A package (or key) that is refused, with one stable code per rule it broke. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
  readonly code: PackageErrorCode;
  readonly check: CheckName;
  /** A sentence for the person who built the package; names the place, never quotes a secret. */
  readonly detail: string;
  readonly path?: string;
  readonly evidence?: Evidence[];
  /**
   * Whole strings that look like API keys of this platform, so that the caller can revoke them. Not enumerable: a logger
   * or serialiser that walks the error must not write them down.
   */
  declare readonly secrets?: string[];

  constructor(code: PackageErrorCode, detail: string, facts: PackageErrorFacts = {}) {
    super(`${code}: ${detail}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.check = PACKAGE_ERROR_CODES[code];
    this.detail = detail;
    this.path = facts.path;
    this.evidence = facts.evidence;
    Object.defineProperty(this, 'secrets', { value: facts.secrets, enumerable: false });
  }

  /** The same refusal as the result row of its check. */
  toReport(): CheckReport {
    return {
      name: this.check,
      status: 'failed',
      code: this.code,
      detail: this.detail,
      evidence: this.evidence ?? (this.path === undefined ? undefined : [{ path: this.path }]),
    };
  }
}

/** Quotes an untrusted path for a sentence: control and invisible characters become escapes, long ones are cut. */
export function quotePath(path: string): string {
  const shown = path.length > 300 ? `${path.slice(0, 300)}…` : path;
  return JSON.stringify(shown).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
