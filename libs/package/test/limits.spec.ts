import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { DEFAULT_PACKAGE_LIMITS } from '../src/index.js';
import { forgePackage, honestFiles, refusalOf, verifyBytes } from './package-fixture.js';
import type { ForgedEntry } from './zip-forge.js';

const MIB = 1024 * 1024;
const withEntry = (...entries: ForgedEntry[]) => forgePackage([...honestFiles(), ...entries]);

/** Zeros, then noise that does not shrink: the mix sets the ratio. */
function compressible(zeroBytes: number, noiseBytes: number): Buffer {
  const noise = createHash('shake256', { outputLength: noiseBytes }).update('noise').digest();
  return Buffer.concat([Buffer.alloc(zeroBytes), noise]);
}

describe('limits', () => {
  it('are those of the format when none are given', () => {
    expect(DEFAULT_PACKAGE_LIMITS).toMatchObject({
      packedBytes: 100 * MIB,
      unpackedBytes: 500 * MIB,
      entries: 10_000,
      pathBytes: 255,
      ratio: 100,
      ratioFloorBytes: MIB,
    });
  });

  it('bound the packed size, inclusively', async () => {
    const bytes = forgePackage();
    await expect(verifyBytes(bytes, { limits: { packedBytes: bytes.length } })).resolves.toBeDefined();
    const error = await refusalOf(bytes, { limits: { packedBytes: bytes.length - 1 } });
    expect(error.code).toBe('package-too-large');
  });

  it('bound what all entries unpack to, before anything is unpacked', async () => {
    const data = Buffer.alloc(600_000, 'abcdefgh');
    const bytes = withEntry({ name: 'a', data, method: 8 }, { name: 'b', data, method: 8 });
    await expect(verifyBytes(bytes)).resolves.toBeDefined();
    expect((await refusalOf(bytes, { limits: { unpackedBytes: 1_200_000 } })).code).toBe('unpacked-too-large');
  });

  it('refuse many small bombs by their sum', async () => {
    const packed = deflateRawSync(Buffer.alloc(MIB));
    const bombs = Array.from({ length: 600 }, (_, n) => ({ name: `b${n}`, packed, method: 8, size: MIB, crc: 1 }));
    expect((await refusalOf(withEntry(...bombs))).code).toBe('unpacked-too-large');
  });

  it('stop a bomb that lies about its size at the first byte too many', async () => {
    const packed = deflateRawSync(Buffer.alloc(300 * MIB));
    const error = await refusalOf(withEntry({ name: 'bomb', packed, method: 8, size: 100, crc: 1 }));
    expect(error).toMatchObject({ code: 'size-mismatch', path: 'bomb' });
  });

  it('bound the number of entries', async () => {
    const entries = Array.from({ length: 50 }, (_, n) => ({ name: `f/${n}`, data: Buffer.from('x') }));
    await expect(verifyBytes(withEntry(...entries), { limits: { entries: 54 } })).resolves.toBeDefined();
    expect((await refusalOf(withEntry(...entries), { limits: { entries: 53 } })).code).toBe('too-many-entries');
  });

  it('accept ten thousand entries and refuse one more', async () => {
    const entries = Array.from({ length: 9996 }, (_, n) => ({ name: `f/${n}`, data: Buffer.from(`${n}`) }));
    expect((await verifyBytes(withEntry(...entries))).entries).toHaveLength(9998);
    expect((await refusalOf(withEntry(...entries, { name: 'one more' }))).code).toBe('too-many-entries');
  });

  it('bound the length of a path', async () => {
    const bytes = withEntry({ name: 'long-name', data: Buffer.from('x') });
    expect((await refusalOf(bytes, { limits: { pathBytes: 8 } })).code).toBe('path-too-long');
  });

  it('bound the ratio of an entry above 1 MiB', async () => {
    const refused = withEntry({ name: 'zeros', data: Buffer.alloc(2 * MIB), method: 8 });
    expect(await refusalOf(refused)).toMatchObject({ code: 'compression-ratio', path: 'zeros' });
    const fine = withEntry({ name: 'mixed', data: compressible(2 * MIB, 40_000), method: 8 });
    await expect(verifyBytes(fine)).resolves.toBeDefined();
    const small = withEntry({ name: 'zeros', data: Buffer.alloc(MIB), method: 8 });
    await expect(verifyBytes(small)).resolves.toBeDefined();
    expect((await refusalOf(small, { limits: { ratioFloorBytes: MIB - 1 } })).code).toBe('compression-ratio');
    const ratio = (2 * MIB) / deflateRawSync(Buffer.alloc(2 * MIB)).length;
    await expect(verifyBytes(refused, { limits: { ratio } })).resolves.toBeDefined();
    expect((await refusalOf(refused, { limits: { ratio: ratio - 0.1 } })).code).toBe('compression-ratio');
  });

  it('bound manifest.json', async () => {
    expect((await refusalOf(forgePackage(), { limits: { manifestBytes: 20 } })).code).toBe('manifest-too-large');
  });

  it('bound the time', async () => {
    expect((await refusalOf(forgePackage(), { limits: { durationMs: 0 } })).code).toBe('verification-timeout');
    const data = compressible(0, 30 * MIB);
    const long = withEntry({ name: 'long', data });
    expect((await refusalOf(long, { limits: { durationMs: 20 } })).code).toBe('verification-timeout');
  });

  it('keep their defaults where undefined is given', async () => {
    await expect(verifyBytes(forgePackage(), { limits: { entries: undefined } })).resolves.toBeDefined();
  });
});

describe('an aborted verification', () => {
  it('throws the reason of the signal', async () => {
    const reason = new Error('enough');
    await expect(verifyBytes(forgePackage(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('stops in the middle of a long entry', async () => {
    const controller = new AbortController();
    const bytes = withEntry({ name: 'long', data: compressible(0, 30 * MIB), method: 8 });
    const reason = new Error('enough');
    const verification = verifyBytes(bytes, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 60);
    await expect(verification).rejects.toBe(reason);
  });

  it('throws what the system says when the file is missing', async () => {
    const { verifyPackage } = await import('../src/index.js');
    await expect(verifyPackage('/nonexistent/x.mosis', { keys: [] })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
