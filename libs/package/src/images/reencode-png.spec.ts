import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { PackageError } from '../package-error.js';
import { reencodePng } from './reencode-png.js';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt32BE(data.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), 4 + body.length);
  return bytes;
}

function header(width: number, height: number, bitDepth = 8, colorType = 6, rest = [0, 0, 0]): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  Buffer.from([bitDepth, colorType, ...rest]).copy(data, 8);
  return chunk('IHDR', data);
}

const pixels = (bytes: number) => chunk('IDAT', deflateSync(Buffer.alloc(bytes)));
const end = chunk('IEND');
const file = (...chunks: Buffer[]) => Buffer.concat([SIGNATURE, ...chunks]);
const tiny = () => file(header(2, 2), pixels(2 * 9), end);

async function codeOf(bytes: Buffer): Promise<string> {
  return reencodePng(bytes).then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof PackageError) return error.code;
      throw error;
    },
  );
}

function chunkTypes(bytes: Buffer): string[] {
  const types: string[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    types.push(bytes.toString('latin1', at + 4, at + 8));
  return types;
}

describe('an image', () => {
  it('keeps its pixels and loses everything else', async () => {
    const image = new PNG({ width: 9, height: 5 });
    for (let index = 0; index < image.data.length; index++) image.data[index] = (index * 31) & 0xff;
    const plain = PNG.sync.write(image);
    const script = Buffer.from('<script>alert(1)</script>');
    const loaded = Buffer.concat([
      plain.subarray(0, 33),
      chunk('acTL', Buffer.alloc(8)),
      chunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), script])),
      chunk('eXIf', script),
      chunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(5_000_000))])),
      chunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])),
      plain.subarray(33),
      script,
    ]);
    const written = await reencodePng(loaded);
    expect(PNG.sync.read(written).data).toEqual(image.data);
    expect(written.includes(script)).toBe(false);
    expect(new Set(chunkTypes(written))).toEqual(new Set(['IHDR', 'IDAT', 'IEND']));
  });

  it('is the same again when written twice', async () => {
    const once = await reencodePng(tiny());
    expect(await reencodePng(once)).toEqual(once);
  });

  const gray = (bitDepth: number, rowBytes: number) => file(header(8, 2, bitDepth, 0), pixels(2 * (rowBytes + 1)), end);
  const palette = chunk('PLTE', Buffer.from([255, 0, 0, 0, 255, 0]));
  const accepted: [string, Buffer][] = [
    ['8-bit RGBA', tiny()],
    ['1-bit grey', gray(1, 1)],
    ['2-bit grey', gray(2, 2)],
    ['4-bit grey', gray(4, 4)],
    ['16-bit grey', gray(16, 16)],
    ['8-bit grey with alpha', file(header(2, 2, 8, 4), pixels(2 * 5), end)],
    ['16-bit RGB', file(header(2, 2, 16, 2), pixels(2 * 13), end)],
    ['16-bit RGBA', file(header(2, 2, 16, 6), pixels(2 * 17), end)],
    ['a palette', file(header(8, 2, 1, 3), palette, pixels(2 * 2), end)],
    ['a palette with transparency', file(header(8, 2, 1, 3), palette, chunk('tRNS', Buffer.from([0])), pixels(4), end)],
    ['interlacing', file(header(2, 2, 8, 6, [0, 0, 1]), pixels(5 + 5 + 9), end)],
    ['interlacing of one pixel', file(header(1, 1, 8, 6, [0, 0, 1]), pixels(5), end)],
    ['pixels in several chunks', splitPixels()],
  ];

  function splitPixels(): Buffer {
    const packed = deflateSync(Buffer.alloc(18));
    return file(header(2, 2), chunk('IDAT', packed.subarray(0, 4)), chunk('IDAT', packed.subarray(4)), end);
  }

  it.each(accepted)('may be %s', async (_title, bytes) => {
    const decoded = PNG.sync.read(await reencodePng(bytes));
    expect([decoded.width, decoded.height]).toEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]);
  });

  const interlacedBomb = () =>
    file(header(1000, 1000, 8, 6, [0, 0, 1]), chunk('IDAT', deflateSync(Buffer.alloc(100_000_000), { level: 9 })), end);
  const wrongCrc = () => {
    const bytes = tiny();
    bytes[bytes.length - 20]! ^= 1;
    return bytes;
  };
  const refused: [string, string, () => Buffer][] = [
    ['image-not-png', 'nothing', () => Buffer.alloc(0)],
    ['image-not-png', 'a JPEG', () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100)])],
    ['image-not-png', 'an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')],
    ['image-not-png', 'a signature alone', () => SIGNATURE],
    ['image-not-png', 'another first chunk', () => file(chunk('tEXt', Buffer.alloc(13)), header(2, 2), end)],
    ['image-too-large', 'more than 1 MiB', () => Buffer.concat([tiny(), Buffer.alloc(1024 * 1024)])],
    ['image-dimensions', 'a side over 1024', () => file(header(1025, 1), pixels(1), end)],
    ['image-dimensions', 'a bomb by its header', () => file(header(0x7fffffff, 0x7fffffff), pixels(1), end)],
    ['image-dimensions', 'no width', () => file(header(0, 5), pixels(1), end)],
    ['image-corrupt', 'a bomb in its pixels', () => file(header(2, 2), pixels(50_000_000), end)],
    ['image-corrupt', 'an interlaced bomb', interlacedBomb],
    ['image-corrupt', 'too few pixels', () => file(header(2, 2), pixels(17), end)],
    ['image-corrupt', 'no pixels', () => file(header(2, 2), end)],
    ['image-corrupt', 'pixels that do not inflate', () => file(header(2, 2), chunk('IDAT', Buffer.alloc(50, 1)), end)],
    [
      'image-corrupt',
      'an unknown filter',
      () => file(header(1, 1), chunk('IDAT', deflateSync(Buffer.alloc(5, 9))), end),
    ],
    ['image-corrupt', 'no end', () => file(header(2, 2), pixels(18))],
    ['image-corrupt', 'a cut end', () => tiny().subarray(0, -3)],
    [
      'image-corrupt',
      'a chunk beyond the file',
      () => file(header(2, 2), Buffer.from([0x7f, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])),
    ],
    ['image-corrupt', 'a wrong checksum', wrongCrc],
    ['image-corrupt', 'two headers', () => file(header(2, 2), header(2, 2), pixels(18), end)],
    ['image-corrupt', 'pixels in two places', () => file(header(2, 2), pixels(18), chunk('tEXt'), pixels(18), end)],
    ['image-corrupt', 'a palette behind its pixels', () => file(header(8, 2, 1, 3), pixels(4), palette, end)],
    ['image-corrupt', 'no palette where one is needed', () => file(header(8, 2, 1, 3), pixels(4), end)],
    ['image-corrupt', 'an unknown critical chunk', () => file(header(2, 2), chunk('EVIL'), pixels(18), end)],
    ['image-corrupt', 'a bit depth of 3', () => file(header(2, 2, 3, 0), pixels(18), end)],
    ['image-corrupt', 'a colour type of 5', () => file(header(2, 2, 8, 5), pixels(18), end)],
    ['image-corrupt', 'an unknown interlacing', () => file(header(2, 2, 8, 6, [0, 0, 2]), pixels(18), end)],
  ];

  it.each(refused)('is refused with %s: %s', async (code, _title, make) => {
    expect(await codeOf(make())).toBe(code);
  });

  it('is refused before more is inflated than its dimensions need', async () => {
    await expect(reencodePng(file(header(2, 2), pixels(19), end))).rejects.toThrow(/do not inflate/);
    await expect(reencodePng(interlacedBomb())).rejects.toThrow(/do not inflate/);
  });

  it('never makes it throw anything but a refusal, whatever bytes are changed', async () => {
    const image = new PNG({ width: 16, height: 16 });
    const honest = PNG.sync.write(image);
    const change = fc.tuple(fc.nat(honest.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, mendCrc) => {
        const bytes = Buffer.from(honest);
        for (const [at, value] of changes) bytes[at] = value;
        if (mendCrc) bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
        expect(['accepted', 'image-corrupt', 'image-not-png', 'image-dimensions']).toContain(await codeOf(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('takes other limits than the defaults', async () => {
    await expect(reencodePng(tiny(), { maxBytes: 10 })).rejects.toMatchObject({ code: 'image-too-large' });
    await expect(reencodePng(tiny(), { maxPixelsPerSide: 1 })).rejects.toMatchObject({ code: 'image-dimensions' });
  });
});
