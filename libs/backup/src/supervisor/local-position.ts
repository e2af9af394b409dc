import { open, readdir, readFile, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { formatIndex, type Position } from '../replica/position.js';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** The folder beside a database in which Litestream keeps its copy of the WAL until the replica has it. */
export function shadowFolderOf(file: string): string {
  return join(dirname(file), `.${basename(file)}-litestream`);
}

/** What lies on this machine of one database. */
export interface LocalState {
  /** The generation that Litestream is in; `undefined` before its first. */
  generation: string | undefined;
  /** Where what was written ends, the WAL's frames that Litestream has not copied yet included. */
  end: Position | undefined;
  /** Bytes of each WAL that Litestream still holds a copy of. */
  shadow: { index: number; sizeBytes: number }[];
  /** Bytes of the WAL that were written since it last began anew. */
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
  const written = await readWrittenWal(`${file}-wal`);
  const last = shadow.at(-1);
  let end: Position | undefined;
  if (generation !== undefined && last) {
    const salt = await readSalt(join(folder, 'generations', generation, 'wal', `${formatIndex(last.index)}.wal`));
    end = { generation, index: last.index, offset: last.sizeBytes };
    // A WAL with another salt has begun anew, and nothing of it has been copied.
    if (written && salt && !written.salt.equals(salt)) end = { generation, index: last.index + 1, offset: written.end };
    else if (written && written.end > last.sizeBytes) end = { ...end, offset: written.end };
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

/** Where the frames of the current WAL end. What lies behind them is left from before it began anew. */
async function readWrittenWal(file: string): Promise<{ salt: Buffer; end: number } | undefined> {
  return withFile(file, async (handle) => {
    const header = await readAt(handle, 0, WAL_HEADER_BYTES);
    if (!header) return undefined;
    const salt = header.subarray(16, 24);
    const frameBytes = header.readUInt32BE(8) + FRAME_HEADER_BYTES;
    const frames = Math.floor(((await handle.stat()).size - WAL_HEADER_BYTES) / frameBytes);
    const isCurrent = async (frame: number) =>
      (await readAt(handle, WAL_HEADER_BYTES + frame * frameBytes, FRAME_HEADER_BYTES))?.subarray(8, 16).equals(salt) ??
      false;
    let [low, high] = [0, frames];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (await isCurrent(middle)) low = middle + 1;
      else high = middle;
    }
    return { salt, end: WAL_HEADER_BYTES + low * frameBytes };
  });
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
