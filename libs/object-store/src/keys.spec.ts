import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { posix } from 'node:path';
import {
  assertDigestFitsKey,
  assertObjectKey,
  assertObjectPrefix,
  findNamedDigest,
  iconKey,
  isObjectKey,
  MAX_KEY_BYTES,
  MAX_SEGMENT_BYTES,
  packageKey,
} from './keys.js';

const SHA256 = 'ab'.repeat(32);

const first = fc.constantFrom(...'ABZabz059_');
const rest = fc.string({ unit: fc.constantFrom(...'ABZabz059_.=-'), maxLength: 30 });
const segment = fc.tuple(first, rest).map((parts) => parts.join(''));
const validKey = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => segments.join('/'));

/** Text made of the pieces that have fooled path checks elsewhere, between valid ones. */
const hostileKey = fc
  .array(
    fc.oneof(
      segment,
      fc.constantFrom('..', '.', '', '/', '\\', '~', '%2e%2e', '%2f', '\0', '\n', ' ', ':', '*', 'é', '․․', 'a..'),
      fc.string(),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 6 },
  )
  .chain((parts) => fc.constantFrom('/', '', '\\').map((separator) => parts.join(separator)));

describe('object keys', () => {
  it('accepts every path of allowed segments', () => {
    fc.assert(fc.property(validKey, (key) => expect(() => assertObjectKey(key)).not.toThrow()));
  });

  it('accepts nothing that a path, a URL or another spelling could read differently', () => {
    fc.assert(
      fc.property(hostileKey, (key) => {
        if (!isObjectKey(key)) return;
        expect(posix.join('/root', key)).toBe(`/root/${key}`);
        expect(posix.normalize(key)).toBe(key);
        expect(encodeURI(key)).toBe(key);
        expect(new URL(key, 'http://host/').pathname).toBe(`/${key}`);
        expect(key.normalize('NFKC')).toBe(key);
        expect(key.split('/').some((part) => part === '' || part.startsWith('.') || part.startsWith('-'))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a valid key with one bad character anywhere', () => {
    const bad = fc.constantFrom('\\', '\0', '\n', ' ', '%', ':', '*', '?', '#', '"', '<', '&', "'", 'ä', '\u202e', '~');
    fc.assert(
      fc.property(validKey, bad, fc.nat(), (key, character, position) => {
        const at = position % (key.length + 1);
        const spoiled = key.slice(0, at) + character + key.slice(at);
        expect(() => assertObjectKey(spoiled)).toThrow(expect.objectContaining({ code: 'object-key-invalid' }));
      }),
    );
  });

  it('refuses what steps up, wherever it stands', () => {
    fc.assert(
      fc.property(validKey, validKey, fc.constantFrom('..', '.', ''), (left, right, step) => {
        for (const key of [`${left}/${step}/${right}`, `${step}/${right}`, `${left}/${step}`]) {
          expect(isObjectKey(key)).toBe(false);
        }
      }),
    );
  });

  it('accepts every prefix of a key that ends at a segment or inside one', () => {
    fc.assert(
      fc.property(validKey, fc.nat(), (key, position) => {
        expect(() => assertObjectPrefix(key.slice(0, position % (key.length + 1)))).not.toThrow();
      }),
    );
  });

  it.each(['/', '//', '/a', 'a//', '../', 'a/../', '.tmp', 'a/.'])('refuses the prefix %j', (prefix) => {
    expect(() => assertObjectPrefix(prefix)).toThrow(expect.objectContaining({ code: 'object-key-invalid' }));
  });

  it('bounds keys and their segments', () => {
    const long = 'a'.repeat(MAX_SEGMENT_BYTES);
    expect(isObjectKey(long)).toBe(true);
    expect(isObjectKey(`${long}a`)).toBe(false);
    const longest = `${long}/${long}/${'b'.repeat(MAX_KEY_BYTES - 2 * MAX_SEGMENT_BYTES - 2)}`;
    expect(isObjectKey(longest)).toBe(true);
    expect(isObjectKey(`${longest}b`)).toBe(false);
  });

  it('refuses what is not even text', () => {
    for (const key of [undefined, null, 5, {}, ['a']]) {
      expect(() => assertObjectKey(key as string)).toThrow(expect.objectContaining({ code: 'object-key-invalid' }));
    }
  });
});

describe('keys that name their content', () => {
  it('have a stable layout', () => {
    expect(packageKey(SHA256)).toBe(`packages/sha256/ab/${SHA256}.mosis`);
    expect(iconKey(SHA256)).toBe(`icons/sha256/ab/${SHA256}.png`);
  });

  it('are valid keys that give the digest back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const sha256 = Buffer.from(bytes).toString('hex');
        for (const key of [packageKey(sha256), iconKey(sha256)]) {
          expect(isObjectKey(key)).toBe(true);
          expect(findNamedDigest(key)).toBe(sha256);
        }
      }),
    );
  });

  it.each(['', SHA256.toUpperCase(), SHA256.slice(1), `${SHA256}0`, `../${SHA256.slice(3)}`])(
    'are not made from %j',
    (text) => {
      expect(() => packageKey(text)).toThrow(expect.objectContaining({ code: 'object-key-invalid' }));
    },
  );

  it('are told from keys that do not', () => {
    expect(findNamedDigest(SHA256)).toBe(SHA256);
    expect(findNamedDigest('archive/2026-11-01.parquet')).toBeUndefined();
    expect(findNamedDigest(`${SHA256}/notes`)).toBeUndefined();
    expect(findNamedDigest(`x${SHA256}`)).toBeUndefined();
    expect(() => assertDigestFitsKey('archive/x', SHA256)).not.toThrow();
    expect(() => assertDigestFitsKey(packageKey(SHA256), SHA256)).not.toThrow();
    expect(() => assertDigestFitsKey(packageKey(SHA256), 'cd'.repeat(32))).toThrow(
      expect.objectContaining({ code: 'object-digest-mismatch' }),
    );
  });
});
