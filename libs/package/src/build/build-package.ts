import { type KeyObject, createHash, sign } from 'node:crypto';
import { type FileHandle, lstat, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BufferSource } from '../archive/byte-source.js';
import { checkPath } from '../archive/entry-path.js';
import { PackageError, quotePath } from '../package-error.js';
import { rawPublicKey } from '../signature/keys.js';
import { META_INF, SIGNATURE_PATH, SIGNED_LIST_PATH, formatSignedList } from '../signature/signed-list.js';
import { verifyPackage, verifySource } from '../verify/verify-package.js';
import { ZipWriter } from './zip-writer.js';

/** A file to be packed. */
export interface SourceEntry {
  path: string;
  data: Buffer;
}

/** How a package is built in memory. */
export interface BuildOptions {
  /** Verify the result like an upload; on by default. Off makes a signed package that may be refused. */
  validate?: boolean;
}

/**
 * Packs and signs a folder. The same folder and key give the same bytes on the same Node version. The result is verified
 * like an upload before it appears under its name; throws {@link PackageError} when it would be refused.
 */
export async function buildPackage(
  sourceDir: string,
  outFile: string,
  privateKey: KeyObject,
): Promise<{ sha256: string; sizeBytes: number }> {
  const outPath = resolve(outFile);
  const partPath = `${outPath}.part`;
  const files = await listSourceFiles(resolve(sourceDir), new Set([outPath, partPath]));
  const publicKey = rawPublicKey(privateKey);
  const handle = await open(partPath, 'w');
  try {
    await writePackage(files, (bytes) => writeFully(handle, bytes), privateKey);
    await handle.sync();
    await handle.close();
    const { sha256, sizeBytes } = await verifyPackage(partPath, { keys: [{ id: 'builder', publicKey }] });
    await rename(partPath, outPath);
    return { sha256, sizeBytes };
  } catch (error) {
    await handle.close();
    await rm(partPath, { force: true });
    throw error;
  }
}

/** Packs and signs files that are in memory; deterministic like {@link buildPackage}, and verified unless told not to. */
export async function buildPackageFromEntries(
  entries: Iterable<SourceEntry>,
  privateKey: KeyObject,
  { validate = true }: BuildOptions = {},
): Promise<Buffer> {
  const files = [...entries].map(({ path, data }) => ({ path, load: async () => data }));
  const chunks: Buffer[] = [];
  await writePackage(files, async (bytes) => void chunks.push(bytes), privateKey);
  const packed = Buffer.concat(chunks);
  if (validate) {
    const keys = [{ id: 'builder', publicKey: rawPublicKey(privateKey) }];
    await verifySource(new BufferSource(packed), { keys });
  }
  return packed;
}

interface LazyFile {
  path: string;
  load: () => Promise<Buffer>;
}

/** The signature goes last, because it needs every digest and the files should be read once. */
async function writePackage(
  files: LazyFile[],
  sink: (bytes: Buffer) => Promise<void>,
  privateKey: KeyObject,
): Promise<void> {
  rawPublicKey(privateKey);
  const writer = new ZipWriter(sink);
  const digests: [string, Buffer][] = [];
  const sorted = files.map((file) => ({ ...file, key: Buffer.from(file.path) }));
  for (const { path, load } of sorted.sort((a, b) => Buffer.compare(a.key, b.key))) {
    checkPath(path);
    const data = await load();
    digests.push([path, createHash('sha256').update(data).digest()]);
    await writer.add(path, data);
  }
  const list = formatSignedList(digests);
  await writer.add(SIGNED_LIST_PATH, list);
  await writer.add(SIGNATURE_PATH, sign(null, list, privateKey));
  await writer.finish();
}

/** Every regular file below a folder. An earlier signature is left out, since a new one takes its place. */
async function listSourceFiles(root: string, skipped: Set<string>, prefix = ''): Promise<LazyFile[]> {
  const files: LazyFile[] = [];
  for (const name of await readdir(join(root, prefix))) {
    const filePath = join(root, prefix, name);
    // Some file systems hand out decomposed names; a package holds them composed.
    const path = `${prefix}${name}`.normalize('NFC');
    if (skipped.has(filePath) || path === SIGNED_LIST_PATH || path === SIGNATURE_PATH) continue;
    const stats = await lstat(filePath);
    if (stats.isDirectory()) files.push(...(await listSourceFiles(root, skipped, `${prefix}${name}/`)));
    else if (stats.isFile()) files.push({ path, load: () => readFile(filePath) });
    else throw new PackageError('source-special-file', `${quotePath(path)} is neither a file nor a folder.`, { path });
    if (stats.isFile() && path.startsWith(META_INF)) {
      throw new PackageError('meta-inf-unknown-file', `${quotePath(path)} does not belong in META-INF.`, { path });
    }
  }
  return files;
}

async function writeFully(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written)).bytesWritten;
  }
}
