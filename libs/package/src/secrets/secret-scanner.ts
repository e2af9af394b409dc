import type { Evidence } from '../package-error.js';
import { CHUNK_BYTES } from '../archive/byte-source.js';
import {
  ANCHOR,
  LOOK_AHEAD_BYTES,
  LOOK_BEHIND_BYTES,
  SECRET_KEY_KIND,
  SECRET_PATTERNS,
  type SecretPattern,
} from './secret-patterns.js';

const MAX_FINDINGS = 20;
const MAX_PLATFORM_KEYS = 1000;
const SHOWN_CHARACTERS = 12;
const NEWLINE = 0x0a;

/** What was found in a package so far. */
export class SecretFindings {
  /** The first twenty, with redacted excerpts. */
  readonly evidence: Evidence[] = [];
  /** Whole candidates for API keys of this platform. */
  readonly platformKeys = new Set<string>();

  add(kind: string, match: string, place: () => Evidence): void {
    if (this.evidence.length < MAX_FINDINGS) this.evidence.push({ ...place(), kind, excerpt: redact(match) });
    if (kind === SECRET_KEY_KIND && this.platformKeys.size < MAX_PLATFORM_KEYS) this.platformKeys.add(match);
  }
}

/**
 * Looks for credentials in one entry after another as their content streams by. It holds back enough of each chunk that
 * a secret across a boundary is seen whole, and no more; text and binary files are treated alike, except that only text
 * has lines. One scanner serves a whole package, so that its window is allocated once.
 */
export class SecretScanner {
  readonly findings = new SecretFindings();
  private readonly window = Buffer.allocUnsafeSlow(LOOK_BEHIND_BYTES + LOOK_AHEAD_BYTES + CHUNK_BYTES);
  private path = '';
  private filled = 0;
  /** Where in the window the unsearched part begins; what is before it is only context. */
  private searchFrom = 0;
  private line = 1;
  /** The newlines before this offset of the window are already in `line`. */
  private lineFrom = 0;
  private isText: boolean | undefined;

  begin(path: string): void {
    this.path = path;
    this.filled = this.searchFrom = this.lineFrom = 0;
    this.line = 1;
    this.isText = undefined;
  }

  push(chunk: Buffer): void {
    this.isText ??= !chunk.subarray(0, 1024).includes(0);
    for (let offset = 0; offset < chunk.length;) {
      const copied = chunk.copy(this.window, this.filled, offset);
      offset += copied;
      this.filled += copied;
      if (this.filled === this.window.length) this.search(this.filled - LOOK_AHEAD_BYTES);
    }
  }

  end(): void {
    this.search(this.filled);
  }

  /** Handles every anchor that begins before `limit`, then forgets what no later match needs. */
  private search(limit: number): void {
    const text = this.window.toString('latin1', 0, this.filled);
    let resumeAt = this.searchFrom;
    for (;;) {
      ANCHOR.lastIndex = resumeAt;
      const index = ANCHOR.exec(text)?.index ?? limit;
      if (index >= limit) break;
      resumeAt = index + this.report(text, index);
    }
    const keepFrom = Math.max(0, limit - LOOK_BEHIND_BYTES);
    if (this.isText) this.line += countNewlines(this.window, this.lineFrom, limit);
    this.lineFrom = limit - keepFrom;
    this.searchFrom = Math.max(limit, resumeAt) - keepFrom;
    this.window.copyWithin(0, keepFrom, this.filled);
    this.filled -= keepFrom;
  }

  /** Reports the secret at an anchor, if there is one, and answers how far to go on. */
  private report(text: string, index: number): number {
    for (const candidate of SECRET_PATTERNS) {
      const match = matchAt(candidate, text, index);
      if (match === undefined) continue;
      this.findings.add(candidate.kind, match, () => this.place(index));
      return match.length;
    }
    return 1;
  }

  private place(index: number): Evidence {
    if (!this.isText) return { path: this.path };
    return { path: this.path, line: this.line + countNewlines(this.window, this.lineFrom, index) };
  }
}

function matchAt(candidate: SecretPattern, text: string, index: number): string | undefined {
  candidate.pattern.lastIndex = index;
  const match = candidate.pattern.exec(text)?.[0];
  if (match === undefined || candidate.confirms === undefined) return match;
  const before = text.slice(Math.max(0, index - LOOK_BEHIND_BYTES), index);
  const after = text.slice(index + match.length, index + match.length + LOOK_BEHIND_BYTES);
  return candidate.confirms(match, before, after) ? match : undefined;
}

/** Enough to find the place again, too little to use: a key block shows only its title. */
function redact(match: string): string {
  const title = /^-----BEGIN [A-Z0-9 ]{1,60}-----/.exec(match)?.[0];
  return title ?? `${match.slice(0, SHOWN_CHARACTERS)}… (${match.length} characters)`;
}

function countNewlines(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index++) if (bytes[index] === NEWLINE) count++;
  return count;
}

/** Scans a stream of chunks as if it were the content of one file. */
export async function findSecrets(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  path = '',
): Promise<SecretFindings> {
  const scanner = new SecretScanner();
  scanner.begin(path);
  for await (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return scanner.findings;
}
