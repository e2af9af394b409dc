import { open, readdir, readFile, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatIndex, type Position } from '../replica/position.js';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Headers of frames that are read at once. */
const READ_AT_ONCE = 64;

/** The folder beside a database in which Litestream keeps its copy of the WAL until the replica has it. */
export function shadowFolderOf(file: string): string {
  return join(dirname(file), `.${basename(file)}-litestream`);
}

/** What lies on this machine of one database. */
export interface LocalState {
  /** The generation that Litestream is in; `undefined` before its first. */
  generation: string | undefined;
  /** Where what was committed ends, the WAL's frames that Litestream has not copied yet included. */
  end: Position | undefined;
  /** Bytes of each WAL that Litestream still holds a copy of. */
  shadow: { index: number; sizeBytes: number }[];
  /** Bytes of the WAL that were committed since it last began anew. */
  writtenBytes: number;
  databaseBytes: number;
  walBytes: number;
  shadowBytes: number;
}

/**
 * Looks where a database and Litestream's copy of its WAL end. It opens the WAL and the copy, never the database or its
 * shared memory: closing any descriptor of those would drop the locks that this process' SQLite holds on them.
 */
export async function readLocalState(file: string): Promise<LocalState> {
  const folder = shadowFolderOf(file);
  const generation = (await readFile(join(folder, 'generation'), 'utf8').catch(() => '')).trim() || undefined;
  const shadow = generation === undefined ? [] : await listShadow(folder, generation);
  const last = shadow.at(-1);
  const salt =
    last && (await readSalt(join(folder, 'generations', generation ?? '', 'wal', `${formatIndex(last.index)}.wal`)));
  const written = await readCommittedWal(`${file}-wal`, salt && { salt, sizeBytes: last?.sizeBytes ?? 0 });
  let end: Position | undefined;
  if (generation !== undefined && last) {
    end = { generation, index: last.index, offset: last.sizeBytes };
    // A WAL with another salt has begun anew, and nothing of it has been copied.
    if (written && salt && !written.salt.equals(salt)) {
      if (written.end > WAL_HEADER_BYTES) end = { generation, index: last.index + 1, offset: written.end };
    } else if (written && written.end > last.sizeBytes) end = { ...end, offset: written.end };
  }
  return {
    generation,
    end,
    shadow,
    writtenBytes: written?.end ?? 0,
    databaseBytes: await sizeOf(file),
    walBytes: await sizeOf(`${file}-wal`),
    shadowBytes: shadow.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** Bytes between two positions, as far as this machine still has them. */
export function bytesBetween(from: Position | undefined, { end, shadow, writtenBytes }: LocalState): number {
  if (!end) return writtenBytes;
  if (!from || from.generation !== end.generation)
    return shadow.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + tailOf(end, shadow);
  if (from.index === end.index) return Math.max(0, end.offset - from.offset);
  const between = shadow
    .filter(({ index }) => index >= from.index && index < end.index)
    .reduce((sum, { index, sizeBytes }) => sum + sizeBytes - (index === from.index ? from.offset : 0), 0);
  return Math.max(0, between) + end.offset;
}

function tailOf(end: Position, shadow: LocalState['shadow']): number {
  const copied = shadow.find(({ index }) => index === end.index)?.sizeBytes ?? 0;
  return Math.max(0, end.offset - copied);
}

async function listShadow(folder: string, generation: string): Promise<LocalState['shadow']> {
  const wal = join(folder, 'generations', generation, 'wal');
  const names = (await readdir(wal).catch(() => [])).filter((name) => /^[0-9a-f]{8}\.wal$/.test(name)).sort();
  const found = [];
  for (const name of names)
    found.push({ index: Number.parseInt(name.slice(0, 8), 16), sizeBytes: await sizeOf(join(wal, name)) });
  return found;
}

/**
 * Where the commits of the current WAL end. Behind them lies what is left from before it began anew, and there may be frames
 * of a transaction that is under way or was rolled back: one that outgrows SQLite's cache is written there before it is
 * committed. Litestream copies commits only, so they wait for nothing. What it has copied is not looked at again.
 */
async function readCommittedWal(
  file: string,
  copied: { salt: Buffer; sizeBytes: number } | undefined,
): Promise<{ salt: Buffer; end: number } | undefined> {
  return withFile(file, async (handle) => {
    const header = await readAt(handle, 0, WAL_HEADER_BYTES);
    if (!header) return undefined;
    const salt = header.subarray(16, 24);
    const frameBytes = header.readUInt32BE(8) + FRAME_HEADER_BYTES;
    const frames = Math.floor(((await handle.stat()).size - WAL_HEADER_BYTES) / frameBytes);
    const readHeader = async (frame: number) =>
      readAt(handle, WAL_HEADER_BYTES + frame * frameBytes, FRAME_HEADER_BYTES);
    const current = await countWhile(frames, async (frame) => {
      const header = await readHeader(frame);
      return header?.subarray(8, 16).equals(salt) ?? false;
    });
    const known = copied?.salt.equals(salt) ? Math.floor((copied.sizeBytes - WAL_HEADER_BYTES) / frameBytes) : 0;
    // The last frame of a commit holds the size of the database; every other one holds 0 there.
    const isCommit = async (frame: number) => ((await readHeader(frame))?.readUInt32BE(4) ?? 0) !== 0;
    const committed = await findLast(known, current, isCommit);
    return { salt, end: WAL_HEADER_BYTES + committed * frameBytes };
  });
}

/** How many of `total` come before the first for which it does not hold; it holds for none after that one. */
async function countWhile(total: number, holds: (index: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, total];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The number behind the last one from `low` up to `high` for which it holds; `low` when it holds for none. */
async function findLast(low: number, high: number, holds: (index: number) => Promise<boolean>): Promise<number> {
  // Nearly always it is the very last.
  if (high > low && (await holds(high - 1))) return high;
  for (let to = high - 1; to > low; to -= READ_AT_ONCE) {
    const from = Math.max(low, to - READ_AT_ONCE);
    const held = await Promise.all(Array.from({ length: to - from }, (_, at) => holds(from + at)));
    const last = held.lastIndexOf(true);
    if (last >= 0) return from + last + 1;
  }
  return low;
}

async function readSalt(file: string): Promise<Buffer | undefined> {
  return withFile(file, async (handle) => (await readAt(handle, 0, WAL_HEADER_BYTES))?.subarray(16, 24));
}

async function withFile<Result>(
  file: string,
  work: (handle: FileHandle) => Promise<Result>,
): Promise<Result | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, position);
  return bytesRead === bytes ? buffer : undefined;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
