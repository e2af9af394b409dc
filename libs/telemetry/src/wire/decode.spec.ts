import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeBody, DEFAULT_WIRE_LIMITS } from './index.js';
import { problemOf } from './testing.js';

const MIB = 1024 * 1024;
const text = Buffer.from(JSON.stringify({ hello: 'Grüße '.repeat(200) }));

function decode(body: Uint8Array, contentEncoding?: string): Buffer {
  return decodeBody(body, contentEncoding, DEFAULT_WIRE_LIMITS);
}

function refusal(body: Uint8Array, contentEncoding?: string): string {
  const { status, code } = problemOf(() => decode(body, contentEncoding));
  return `${status} ${code}`;
}

describe('decodeBody', () => {
  it('undoes each coding, however its name is written', () => {
    expect(decode(text)).toEqual(text);
    expect(decode(text, '')).toEqual(text);
    expect(decode(text, 'identity')).toEqual(text);
    expect(decode(gzipSync(text), 'gzip')).toEqual(text);
    expect(decode(gzipSync(text), ' GZip ')).toEqual(text);
    expect(decode(zstdCompressSync(text), 'zstd')).toEqual(text);
  });

  it('reads a view into a larger buffer, as another thread hands it over', () => {
    const large = new Uint8Array(text.length + 20);
    large.set(text, 10);
    expect(decode(large.subarray(10, 10 + text.length))).toEqual(text);
  });

  it.each(['br', 'deflate', 'gzip, gzip', 'gzip;q=1', 'none'])('refuses the coding %s', (coding) => {
    expect(refusal(text, coding)).toBe('415 unsupported-encoding');
  });

  it('takes exactly the limit and not one byte more', () => {
    for (const size of [MIB, MIB + 1]) {
      const body = Buffer.alloc(size, 32);
      const expected = size > MIB ? '413 body-too-large' : 'taken';
      const outcome = (run: Uint8Array, coding: string) =>
        size > MIB ? refusal(run, coding) : taken(run, coding, size);
      expect(outcome(body, 'identity')).toBe(expected);
      expect(outcome(gzipSync(body), 'gzip')).toBe(expected);
      expect(outcome(zstdCompressSync(body), 'zstd')).toBe(expected);
    }
  });

  it('stops a bomb at the limit', () => {
    const inflated = Buffer.alloc(256 * MIB);
    const bombs = { gzip: gzipSync(inflated), zstd: zstdCompressSync(inflated) };
    const before = process.memoryUsage().arrayBuffers;
    for (const [coding, bomb] of Object.entries(bombs)) expect(refusal(bomb, coding)).toBe('413 body-too-large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MIB);
  });

  it('refuses a compressed body that is over the limit before inflating it', () => {
    expect(refusal(Buffer.concat(Array<Buffer>(60_000).fill(gzipSync(''))), 'gzip')).toBe('413 body-too-large');
  });

  it('refuses what is cut off, damaged, or followed by something else', () => {
    for (const [coding, whole] of [
      ['gzip', gzipSync(text)],
      ['zstd', zstdCompressSync(text)],
    ] as const) {
      for (const length of [0, 1, 5, whole.length >> 1, whole.length - 1]) {
        expect(refusal(whole.subarray(0, length), coding)).toBe('400 body-unreadable');
      }
      expect(refusal(Buffer.concat([whole, Buffer.from('more')]), coding)).toBe('400 body-unreadable');
      expect(refusal(text, coding)).toBe('400 body-unreadable');
    }
    const damaged = gzipSync(text);
    damaged[damaged.length - 6]! ^= 1;
    expect(refusal(damaged, 'gzip')).toBe('400 body-unreadable');
  });

  it('takes no part of a body of two zstd frames for the whole', () => {
    const frame = zstdCompressSync(text);
    expect(refusal(Buffer.concat([frame, frame]), 'zstd')).toBe('400 body-unreadable');
  });

  it('refuses a zstd window beyond 8 MiB', () => {
    // Magic number; a descriptor without content size; a window of 2^27; one raw, last, empty block.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00]);
    expect(refusal(frame, 'zstd')).toBe('400 body-unreadable');
    frame[5] = (23 - 10) << 3;
    expect(decode(frame, 'zstd')).toEqual(Buffer.alloc(0));
  });

  it('takes what the strongest level of zstd makes', () => {
    const strongest = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 22 } });
    expect(decode(strongest, 'zstd')).toEqual(text);
  });
});

function taken(body: Uint8Array, coding: string, size: number): string {
  expect(decode(body, coding)).toHaveLength(size);
  return 'taken';
}
