import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { FileSource } from '../archive/byte-source.js';
import { readEntryData, readWholeEntry } from '../archive/entry-data.js';
import { type Archive, openArchive, withFileSource } from '../archive/open-archive.js';
import type { LocatedEntry } from '../archive/records.js';
import { Budget } from '../budget.js';
import { type PackageLimits, signedListLimitBytes } from '../limits.js';
import { PackageError, quotePath } from '../package-error.js';
import { SIGNED_LIST_PATH, parseSignedList } from '../signature/signed-list.js';
import { listFiles } from './verify-package.js';
import type { PackageEntry } from './verified-package.js';

/** What is stored was accepted under the limits of its day; a later, lower limit must not hide it from a reviewer. */
const NO_LIMITS: PackageLimits = {
  packedBytes: Infinity,
  unpackedBytes: Infinity,
  entries: 1_000_000,
  pathBytes: 65_535,
  ratio: Infinity,
  ratioFloorBytes: Infinity,
  manifestBytes: Infinity,
  durationMs: Infinity,
};

const newBudget = () => new Budget(NO_LIMITS.durationMs);

/** Lists the files of a package that was verified before; its signature and contents are not checked again. */
export async function listEntries(filePath: string): Promise<PackageEntry[]> {
  return withFileSource(filePath, async (source) => {
    const archive = await openArchive(source, NO_LIMITS, newBudget());
    const list = getFile(archive, SIGNED_LIST_PATH);
    if (list.sizeBytes > signedListLimitBytes({ ...NO_LIMITS, entries: 10_000, pathBytes: 4096 })) {
      throw new PackageError('manifest-mf-too-large', 'The list of files is too large to show.');
    }
    return listFiles(archive, parseSignedList(await readWholeEntry(source, list, newBudget())));
  });
}

/**
 * Finds one file of a package that was verified before. Throws `entry-not-found` when it is not there. The stream opens
 * the package when it is first read and closes it when it ends, fails or is destroyed, so one that is never read costs
 * nothing; it fails when the content is not what the records promise.
 */
export async function readEntry(filePath: string, path: string): Promise<{ sizeBytes: number; stream: Readable }> {
  const entry = await withFileSource(filePath, async (source) =>
    getFile(await openArchive(source, NO_LIMITS, newBudget()), path),
  );
  return { sizeBytes: entry.sizeBytes, stream: Readable.from(readContent(filePath, entry), { objectMode: false }) };
}

async function* readContent(filePath: string, entry: LocatedEntry): AsyncGenerator<Buffer> {
  const handle = await open(filePath, 'r');
  try {
    const source = new FileSource(handle, (await handle.stat()).size);
    // A stream holds several chunks at a time, so each is copied out of the reader's window.
    for await (const chunk of readEntryData(source, entry, newBudget())) yield Buffer.from(chunk);
  } finally {
    await handle.close();
  }
}

function getFile(archive: Archive, path: string): LocatedEntry {
  const entry = archive.files.get(path);
  if (entry === undefined)
    throw new PackageError('entry-not-found', `The package has no file ${quotePath(path)}.`, { path });
  return entry;
}
