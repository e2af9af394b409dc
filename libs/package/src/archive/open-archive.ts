import { open } from 'node:fs/promises';
import type { Budget } from '../budget.js';
import type { PackageLimits } from '../limits.js';
import { PackageError } from '../package-error.js';
import { type ByteSource, FileSource } from './byte-source.js';
import { readCentralDirectory } from './central-directory.js';
import { readDirectoryExtent } from './end-record.js';
import { checkCollisions } from './entry-collisions.js';
import { locateRecords } from './local-records.js';
import type { ArchiveEntry, LocatedEntry } from './records.js';

/** An archive whose structure leaves no room for two readings; the content of its entries is not looked at yet. */
export interface Archive {
  source: ByteSource;
  /** In file order. */
  entries: LocatedEntry[];
  /** Where the central directory begins, and the last record ends. */
  directoryOffset: number;
  /** By path, directories left out. */
  files: Map<string, LocatedEntry>;
}

/** Reads and checks the structure of an archive; `checkNames` may refuse names before they are compared. */
export async function openArchive(
  source: ByteSource,
  limits: PackageLimits,
  budget: Budget,
  checkNames: (entries: readonly ArchiveEntry[]) => void = () => {},
): Promise<Archive> {
  if (source.sizeBytes > limits.packedBytes) {
    throw new PackageError(
      'package-too-large',
      `The package has ${source.sizeBytes} bytes; at most ${limits.packedBytes} are allowed.`,
    );
  }
  await budget.spend();
  const extent = await readDirectoryExtent(source, limits);
  const listed = await readCentralDirectory(source, extent, limits, budget);
  checkNames(listed);
  checkCollisions(listed);
  const entries = await locateRecords(source, listed, extent.offset, budget);
  const files = new Map(entries.filter((entry) => !entry.isDirectory).map((entry) => [entry.path, entry]));
  return { source, entries, directoryOffset: extent.offset, files };
}

/** Opens a file once and hands out its bytes through that one descriptor, which is closed when the work is done. */
export async function withFileSource<T>(filePath: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await open(filePath, 'r');
  try {
    const { size } = await handle.stat();
    return await work(new FileSource(handle, size));
  } finally {
    await handle.close();
  }
}
