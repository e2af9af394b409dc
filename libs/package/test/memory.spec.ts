import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { forgePackage, honestFiles, publicKey, temporaryPath } from './package-fixture.js';

const MIB = 1024 * 1024;
const run = promisify(execFile);
const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Probe {
  riseBytes: number;
  sizeBytes: number;
  unpackedBytes: number;
  durationMs: number;
}

async function probe(bytes: Buffer, warmUpBytes: Buffer): Promise<Probe> {
  const [path, warmUp] = [temporaryPath(), temporaryPath()];
  // A plain writeFile would go through the whole buffer at once; this keeps the test itself lean.
  const file = await open(path, 'w');
  for (let offset = 0; offset < bytes.length; offset += 8 * MIB)
    await file.write(bytes.subarray(offset, offset + 8 * MIB));
  await file.close();
  await writeFile(warmUp, warmUpBytes);
  const hooks = ['--import', at('./typescript-hooks.mjs'), '--disable-warning=ExperimentalWarning'];
  const args = [...hooks, at('./memory-probe.mjs'), path, warmUp, publicKey.toString('hex')];
  // The options of the test runner are not for a plain process.
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } });
  rmSync(path);
  return JSON.parse(stdout) as Probe;
}

/** Large enough that streams, windows and hashes are all in use. */
function smallPackage(): Buffer {
  const text = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `line ${n}\n`).join(''));
  const noise = { name: 'noise.bin', data: randomBytes(MIB) };
  return forgePackage([...honestFiles(), { name: 'text.txt', data: text, method: 8 }, noise]);
}

/** Text that shrinks to about a fortieth. */
function repetitive(sizeBytes: number): Buffer {
  const unit = Buffer.concat([randomBytes(600), Buffer.alloc(32_000, 'all work and no play makes a dull file\n')]);
  return Buffer.alloc(sizeBytes, unit);
}

describe('the memory of a verification', () => {
  it('is flat for 100 MiB that unpack to 500 MiB', async () => {
    const data = repetitive(82 * MIB);
    const packed = deflateRawSync(data, { level: 6 });
    const texts = Array.from({ length: 5 }, (_, n) => ({ name: `text-${n}.txt`, data, packed, method: 8 }));
    const noise = { name: 'noise.bin', data: randomBytes(99 * MIB - 5 * packed.length) };
    const result = await probe(forgePackage([...honestFiles(), ...texts, noise]), smallPackage());
    expect(result.sizeBytes).toBeGreaterThan(98 * MIB);
    expect(result.unpackedBytes).toBeGreaterThan(490 * MIB);
    expect(result.riseBytes).toBeLessThan(20 * MIB);
  });

  it('does not grow from one package of ten thousand entries to the next', async () => {
    const data = Buffer.from('some text that is a little longer\n'.repeat(100));
    const packed = deflateRawSync(data);
    const entries = Array.from({ length: 9_996 }, (_, n) => ({ name: `folder/${n}.txt`, data, packed, method: 8 }));
    const bytes = forgePackage([...honestFiles(), ...entries]);
    // The first ones let the young generation of the heap grow to its full size; no later one may add to that.
    const result = await probe(bytes, bytes);
    expect(result.riseBytes).toBeLessThan(20 * MIB);
  });
});
