import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { PackageError, type VerifiedPackage, buildPackageFromEntries } from '../src/index.js';
import { honestFiles, keys, manifest, privateKey, publicKey, verifyBytes } from './package-fixture.js';

const segment = fc
  .string({ unit: fc.constantFrom(...'abcXYZ012-_+ äß日😀'), minLength: 1, maxLength: 8 })
  .map((text) => `${text.normalize('NFC').trim()}n`);
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 20_000 }))
    .map(([unit, times]) => Buffer.concat(Array<Uint8Array>(times).fill(unit))),
  fc
    .tuple(fc.string(), fc.integer({ min: 1, max: 400_000 }))
    .map(([seed, outputLength]) => createHash('shake256', { outputLength }).update(seed).digest()),
);

/** Paths that collide, or are file and folder at once, are refused; so every tree gets a root of its own. */
const tree = fc
  .array(fc.tuple(path, content), { maxLength: 12 })
  .map((files) => files.map(([name, data], index) => ({ path: `${index}/${name}`, data })));

const fixed = honestFiles().map(({ name, data }) => ({ path: name.toString(), data: data! }));

describe('any tree of files', () => {
  it('is read back as it was packed', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 2147483647 }), async (files, versionCode) => {
        const json = Buffer.from(JSON.stringify({ ...manifest, version_code: versionCode }));
        const entries = [...files, fixed[1]!, { path: 'manifest.json', data: json }];
        const bytes = await buildPackageFromEntries(entries, privateKey, { validate: false });
        const verified = await verifyBytes(bytes);
        expect(verified.manifest.version_code).toBe(versionCode);
        expect(verified.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(verified.entries).toEqual(
          entries
            .map(({ path, data }) => ({
              path,
              sizeBytes: data.length,
              sha256: createHash('sha256').update(data).digest('hex'),
            }))
            .sort((a, b) => (a.path < b.path ? -1 : 1)),
        );
      }),
      { numRuns: 80 },
    );
  });
});

describe('a package that was tampered with', () => {
  const files = [
    ...fixed,
    { path: 'data/noise.bin', data: createHash('shake256', { outputLength: 900 }).update('n').digest() },
    { path: 'data/empty', data: Buffer.alloc(0) },
  ];
  let honest: Buffer;
  let expected: VerifiedPackage;
  beforeAll(async () => {
    honest = await buildPackageFromEntries(files, privateKey);
    expected = await verifyBytes(honest);
  });

  /** Either a refusal, or — where a bit means nothing to any reader — the same content under another digest. */
  async function expectHarmless(bytes: Buffer): Promise<'refused' | 'same'> {
    try {
      const { manifest: read, entries, signature, signedBy } = await verifyBytes(bytes);
      expect({ manifest: read, entries, signature, signedBy }).toEqual({
        manifest: expected.manifest,
        entries: expected.entries,
        signature: expected.signature,
        signedBy: keys[0]!.id,
      });
      return 'same';
    } catch (error) {
      if (!(error instanceof PackageError)) throw error;
      return 'refused';
    }
  }

  it('is refused for nearly every flipped bit, and never shows other content', async () => {
    const outcomes = { refused: 0, same: 0 };
    for (let at = 0; at < honest.length; at++) {
      const bytes = Buffer.from(honest);
      bytes[at]! ^= 1 << (at % 8);
      outcomes[await expectHarmless(bytes)]++;
    }
    // What may differ: versions, host, permissions and internal attributes of the records.
    expect(outcomes.same).toBeLessThan(honest.length / 20);
  });

  it('is refused at every length it is cut to', async () => {
    for (let length = 0; length < honest.length; length += 1) {
      expect(await expectHarmless(honest.subarray(0, length))).toBe('refused');
    }
  });

  it('never shows other content, whatever runs of bytes are overwritten, moved, repeated or removed', async () => {
    const place = fc.nat(honest.length);
    const edit = fc.tuple(
      fc.constantFrom('overwrite', 'insert', 'remove', 'repeat', 'swap'),
      place,
      fc.integer({ min: 1, max: 120 }),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      place,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const bytes = edits.reduce(applyEdit, honest);
        if (!bytes.equals(honest)) await expectHarmless(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('never shows other content when fields of its records are rewritten with plausible values', async () => {
    const marks = ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06'].map((mark) => Buffer.from(mark, 'latin1'));
    const positions = marks.flatMap((mark) => allIndexesOf(honest, mark));
    const values = fc.constantFrom(0, 1, 8, 20, 45, 0x800, 0xffff, 0xfffe, honest.length, honest.length - 22, 64);
    const change = fc.tuple(fc.constantFrom(...positions), fc.integer({ min: 4, max: 44 }), values, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(honest);
        for (const [position, offset, value, isWide] of changes) {
          const at = Math.min(position + offset, bytes.length - 4);
          if (isWide) bytes.writeUInt32LE(value, at);
          else bytes.writeUInt16LE(value & 0xffff, at);
        }
        await expectHarmless(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps its signer', () => {
    expect(keys[0]!.publicKey).toBe(publicKey);
  });
});

type Edit = [kind: string, at: number, length: number, bytes: Uint8Array, to: number];

function applyEdit(bytes: Buffer, [kind, at, length, inserted, to]: Edit): Buffer {
  const [before, run, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  switch (kind) {
    case 'overwrite':
      return Buffer.concat([before, inserted, bytes.subarray(at + inserted.length)]);
    case 'insert':
      return Buffer.concat([before, inserted, bytes.subarray(at)]);
    case 'remove':
      return Buffer.concat([before, after]);
    case 'repeat':
      return Buffer.concat([before, run, run, after]);
    default: {
      const rest = Buffer.concat([before, after]);
      return Buffer.concat([rest.subarray(0, to), run, rest.subarray(to)]);
    }
  }
}

function allIndexesOf(bytes: Buffer, mark: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) found.push(at);
  return found;
}
