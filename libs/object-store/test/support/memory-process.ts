import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createObjectStore, packageKey, type ObjectStoreSettings } from '../../src/index.js';
import { sha256OfFile } from './files.js';

/** Moves a large object in and out and reports by how much the process grew at its highest. */
const { settings, scratch, sizeBytes, consume } = JSON.parse(process.argv[2] ?? '{}') as {
  settings: ObjectStoreSettings;
  scratch: string;
  sizeBytes: number;
  consume: boolean;
};

async function writeFileOf(name: string, bytes: number): Promise<{ path: string; sha256: string }> {
  const path = join(scratch, name);
  const file = await open(path, 'w');
  const block = randomBytes(1024 * 1024);
  for (let written = 0; written < bytes; written += block.length) {
    block.writeUInt32LE(written / block.length);
    await file.write(block);
  }
  await file.close();
  return { path, sha256: await sha256OfFile(path) };
}

const store = createObjectStore(settings);

async function moveThrough(name: string, bytes: number): Promise<void> {
  const source = await writeFileOf(name, bytes);
  const key = packageKey(source.sha256);
  await store.putFile(key, source.path, { sha256: source.sha256, consume });
  const { stream, sizeBytes: stored } = await store.open(key);
  for await (const _chunk of stream);
  const hashed = await store.hash(key);
  const copied = await store.withLocalFile(key, scratch, async (path) => (await stat(path)).size);
  if (stored !== bytes || copied !== bytes || hashed.sha256 !== source.sha256) throw new Error('other bytes came back');
}

// Once before, so that the measure is what size adds, not what loading and a full young generation of buffers take.
await moveThrough('small', 32 * 1024 * 1024);
const before = process.resourceUsage().maxRSS;
await moveThrough('large', sizeBytes);
process.send?.({ grownBytes: (process.resourceUsage().maxRSS - before) * 1024 });
await store.close();
process.disconnect();
