import { findNamedDigest, ObjectNotFoundError, type ObjectStore } from '@mosis/object-store';
import type { CopyRecord } from './mirror-ledger.js';

/** What came of bringing a copy up to date. */
export type CopyOutcome = { kind: 'absent' } | { kind: 'copied' | 'unchanged'; record: CopyRecord };

export interface CopyOptions {
  source: ObjectStore;
  target: ObjectStore;
  key: string;
  /** The digest of the copy that is there, where it is known. */
  copiedSha256: string | null;
  /** Where a store without files of its own puts the bytes for the time of a copy. */
  scratchDir: string;
}

/**
 * Makes the copy of an object what the object is. The bytes are hashed on their way and have to have the digest that the
 * key names, or that the object had just before: what is damaged or changes meanwhile replaces no copy.
 *
 * @throws ObjectStoreError when a store does not do its part, or the bytes are not what they should be
 */
export async function copyObject({ source, target, key, copiedSha256, scratchDir }: CopyOptions): Promise<CopyOutcome> {
  const found = await source.stat(key);
  if (!found) return { kind: 'absent' };
  try {
    const named = findNamedDigest(key);
    const digest = named === undefined ? await source.hash(key) : { sha256: named, sizeBytes: found.sizeBytes };
    const record = { ...digest, modifiedMs: found.modifiedAt.getTime() };
    if (digest.sha256 === copiedSha256) return { kind: 'unchanged', record };
    await source.withLocalFile(key, scratchDir, (path) =>
      target.putFile(key, path, { sha256: digest.sha256, replace: true }),
    );
    return { kind: 'copied', record };
  } catch (error) {
    const vanished = error instanceof ObjectNotFoundError || (error as { code?: string }).code === 'ENOENT';
    if (vanished && (await source.stat(key)) === undefined) return { kind: 'absent' };
    throw error;
  }
}
