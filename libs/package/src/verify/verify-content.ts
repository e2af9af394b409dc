import { type Hash, createHash, hash } from 'node:crypto';
import { readRange } from '../archive/byte-source.js';
import { readEntryData } from '../archive/entry-data.js';
import type { Archive } from '../archive/open-archive.js';
import type { LocatedEntry } from '../archive/records.js';
import type { Budget } from '../budget.js';
import { PackageError, quotePath } from '../package-error.js';
import { type SecretFindings, SecretScanner } from '../secrets/secret-scanner.js';

/** What the one pass over all bytes of a package learns. */
export interface ContentSummary {
  /** Hex, of the whole file. */
  sha256: string;
  secrets: SecretFindings;
  nestedArchives: string[];
}

const ARCHIVE_MARKS = ['504b0304', '1f8b08', '377abcaf271c', '526172211a07', 'fd377a585a00', '28b52ffd'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/**
 * Reads the file once from its first byte to its last: checks the content of every entry against its records and its
 * signed digest, looks for credentials, and takes the digest of the file over the same bytes. A refusal carries the API
 * keys of this platform that were seen before it.
 */
export async function verifyContent(
  archive: Archive,
  digests: Map<string, Buffer>,
  budget: Budget,
): Promise<ContentSummary> {
  const { source, directoryOffset } = archive;
  const whole = createHash('sha256');
  const scanner = new SecretScanner();
  const nestedArchives: string[] = [];
  let position = 0;
  const hashUpTo = async (end: number): Promise<void> => {
    for await (const chunk of readRange(source, position, end)) {
      await budget.spend();
      whole.update(chunk);
    }
    position = end;
  };
  try {
    for (const entry of archive.entries) {
      await hashUpTo(entry.dataOffset);
      const beginning = await verifyEntry(archive, entry, digests, budget, scanner, whole);
      position = entry.dataOffset + entry.packedBytes;
      if (ARCHIVE_MARKS.some((mark) => beginning.subarray(0, mark.length).equals(mark)))
        nestedArchives.push(entry.path);
    }
    await hashUpTo(directoryOffset);
    await hashUpTo(source.sizeBytes);
  } catch (error) {
    throw withSecrets(error, scanner.findings);
  }
  return { sha256: whole.digest('hex'), secrets: scanner.findings, nestedArchives };
}

/** Throws `secret-found` when anything was found. */
export function refuseSecrets({ evidence, platformKeys }: SecretFindings): void {
  const [first] = evidence;
  if (first === undefined) return;
  const place = first.line === undefined ? '' : ` (line ${first.line})`;
  const more = evidence.length > 1 ? `, and ${evidence.length - 1} more places` : '';
  throw new PackageError('secret-found', `${quotePath(first.path ?? '')}${place} holds a ${first.kind}${more}.`, {
    path: first.path,
    evidence,
    secrets: [...platformKeys],
  });
}

/** Answers the first bytes of the entry. */
async function verifyEntry(
  archive: Archive,
  entry: LocatedEntry,
  digests: Map<string, Buffer>,
  budget: Budget,
  scanner: SecretScanner,
  whole: Hash,
): Promise<Buffer> {
  // Most entries come in one piece; a hash object for each of thousands would only be garbage.
  let digest: Buffer | undefined;
  let running: Hash | undefined;
  let beginning: Buffer | undefined;
  scanner.begin(entry.path);
  for await (const chunk of readEntryData(archive.source, entry, budget, (packed) => whole.update(packed))) {
    if (chunk.length === entry.sizeBytes) digest = hash('sha256', chunk, 'buffer');
    else (running ??= createHash('sha256')).update(chunk);
    scanner.push(chunk);
    beginning ??= Buffer.from(chunk.subarray(0, 8));
  }
  scanner.end();
  const signed = digests.get(entry.path);
  digest ??= running?.digest() ?? hash('sha256', '', 'buffer');
  if (signed !== undefined && !digest.equals(signed)) {
    throw new PackageError('digest-mismatch', `${quotePath(entry.path)} is not the file that was signed.`, {
      path: entry.path,
    });
  }
  return beginning ?? Buffer.alloc(0);
}

function withSecrets(error: unknown, { platformKeys }: SecretFindings): unknown {
  if (!(error instanceof PackageError) || platformKeys.size === 0) return error;
  const { path, evidence, cause } = error;
  return new PackageError(error.code, error.detail, { path, evidence, cause, secrets: [...platformKeys] });
}
