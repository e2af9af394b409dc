import type { Worker } from 'node:worker_threads';
import { crc32, deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { IconEncoder } from '../src/apps/icon-encoder.js';
import {
  createAdmin,
  createPublisher,
  createReviewer,
  publishVersion,
  signUp,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

const SCRIPT = '<script>alert(document.domain)</script>';

describe('an icon', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let reviewer: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
    reviewer = await createReviewer(platform);
  });
  afterAll(() => platform.stop());

  const put = (publisher: Publisher, image: Buffer, type = 'image/png') =>
    publisher.client.put(`/v1/apps/${publisher.packageId}/icon`, image, { 'content-type': type });
  const readOwn = (person: { client: Person['client'] }, publisher: Publisher, sha256: string) =>
    person.client.get(`/v1/apps/${publisher.packageId}/icons/${sha256}`);
  const readStore = async (sha256: string) => (await platform.client().get(`/v1/store/icons/${sha256}`)).status;

  it('is re-encoded: the same pixels, and nothing else that was in the file', async () => {
    const publisher = await newApp(owner);
    const original = png(24);
    const polyglot = Buffer.concat([
      insertChunk(original, 'tEXt', Buffer.from(`Comment\0${SCRIPT}`)),
      Buffer.from(SCRIPT),
    ]);
    const answer = await put(publisher, polyglot);
    expect(answer.status).toBe(200);
    const stored = await readOwn(publisher, publisher, answer.body.icon_sha256);
    expect(stored.headers).toMatchObject({ 'content-type': 'image/png', 'x-content-type-options': 'nosniff' });
    expect(stored.bytes.includes('script')).toBe(false);
    expect(PNG.sync.read(stored.bytes).data.equals(PNG.sync.read(original).data)).toBe(true);
    expect(answer.body.icon_url).toContain(`/v1/apps/${publisher.packageId}/icons/${answer.body.icon_sha256}`);
  });

  it.each([
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'), 'image-not-png'],
    ['a GIF', Buffer.from('GIF89a\x01\x00\x01\x00\x00\x00\x00;', 'latin1'), 'image-not-png'],
    ['a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46]), 'image-not-png'],
    ['a page', Buffer.from('<!doctype html><script>1</script>'), 'image-not-png'],
    ['half a PNG', png(32).subarray(0, png(32).length - 20), 'image-corrupt'],
    ['a PNG of other pixels than its checksum says', flip(png(32)), 'image-corrupt'],
    ['a PNG with too many pixels a side', header(1025, 8), 'image-dimensions'],
    ['a PNG that says it is a billion pixels', header(65_000, 65_000), 'image-dimensions'],
    ['a PNG that inflates to more than it says', bomb(), 'image-corrupt'],
  ])('is refused when it is %s', async (_, image, code) => {
    const publisher = await newApp(owner);
    const answer = await put(publisher, image);
    expect([answer.status, answer.body.code, answer.body.errors[0].code]).toEqual([422, 'icon-invalid', code]);
    expect((await publisher.client.get(`/v1/apps/${publisher.packageId}`)).body.icon_sha256).toBeNull();
  });

  it('is refused when it is larger than a megabyte or sent as something else', async () => {
    const publisher = await newApp(owner);
    const tooLarge = await put(publisher, Buffer.alloc(1024 * 1024 + 1));
    expect([tooLarge.status, tooLarge.body.code]).toEqual([413, 'body-too-large']);
    for (const type of ['image/svg+xml', 'image/gif', 'image/jpeg', 'text/html', 'application/octet-stream']) {
      const answer = await put(publisher, png(8), type);
      expect([type, answer.status, answer.body.code]).toEqual([type, 415, 'media-type-unsupported']);
    }
    expect((await put(publisher, Buffer.alloc(0))).status).toBeGreaterThanOrEqual(400);
  });

  it('is refused without a word about threads when the one that re-encodes it dies, and the next one is taken', async () => {
    const publisher = await newApp(owner);
    const large = header(1024, 1024, deflateSync(Buffer.alloc((1024 * 4 + 1) * 1024)));
    const encoder = platform.app.get<unknown, { running?: unknown; worker?: Worker }>(IconEncoder);
    const [first, second] = [put(publisher, large), put(publisher, png(31))];
    await new Promise<void>((resolve) => {
      const look = () => (encoder.running ? resolve() : setImmediate(look));
      look();
    });
    await encoder.worker?.terminate();
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 500]);
    const [failed] = answers.filter(({ status }) => status === 500);
    expect([failed?.body.code, failed?.body.detail]).toEqual([
      'internal-error',
      expect.not.stringMatching(/thread|worker/),
    ]);
    expect((await put(publisher, png(32))).status).toBe(200);
  });

  it('waits for its turn behind twenty others at most', async () => {
    const publisher = await newApp(owner);
    const answers = await Promise.all(Array.from({ length: 25 }, () => put(publisher, png(33))));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(21);
    for (const { status, body, headers } of refused)
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'overloaded', '60']);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('that no review has seen is shown to its owner alone, and to staff once it was submitted', async () => {
    const publisher = await newApp(owner);
    const sha256 = (await put(publisher, png(25))).body.icon_sha256 as string;
    const stranger = await signUp(platform);
    expect((await readOwn(publisher, publisher, sha256)).status).toBe(200);
    for (const person of [stranger, reviewer]) expect((await readOwn(person, publisher, sha256)).status).toBe(404);
    expect((await platform.client().get(`/v1/apps/${publisher.packageId}/icons/${sha256}`)).status).toBe(401);
    expect(await readStore(sha256)).toBe(404);
    await submitVersion(publisher);
    expect((await readOwn(reviewer, publisher, sha256)).status).toBe(200);
    expect((await readOwn(stranger, publisher, sha256)).status).toBe(404);
    expect(await readStore(sha256)).toBe(404);
    await decide(reviewer, publisher.packageId, 'approve');
    expect(await readStore(sha256)).toBe(404);
    await publisher.client.post(`${versionUrl(publisher, 1)}/publish`);
    expect(await readStore(sha256)).toBe(200);
  });

  it('of another app is not read through one’s own', async () => {
    const [one, other] = [await newApp(owner), await newApp(await createPublisher(platform))];
    const sha256 = (await put(one, png(26))).body.icon_sha256 as string;
    expect((await readOwn(other, other, sha256)).status).toBe(404);
    for (const wrong of ['..', 'A'.repeat(64), 'z'.repeat(64), sha256.slice(1)])
      expect((await readOwn(one, one, wrong)).status).toBe(404);
  });

  it('of a published app changes with a review alone, and the one before goes out of the store', async () => {
    const publisher = await newApp(owner);
    const before = (await put(publisher, png(27))).body.icon_sha256 as string;
    await publishVersion(publisher, reviewer);
    const answer = await put(publisher, png(28));
    const after = answer.body.pending_listing.icon_sha256 as string;
    expect(answer.body.icon_sha256).toBe(before);
    expect([await readStore(before), await readStore(after)]).toEqual([200, 404]);
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    expect([await readStore(before), await readStore(after)]).toEqual([404, 200]);
    expect((await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).body.icon_url).toContain(after);
    const removed = await publisher.client.delete(`/v1/apps/${publisher.packageId}/icon`);
    expect(removed.body.pending_listing.icon_sha256).toBeNull();
    expect(await readStore(after)).toBe(200);
  });

  it('is frozen with a submitted version', async () => {
    const publisher = await newApp(owner);
    await approveVersion(publisher, reviewer);
    expect((await put(publisher, png(29))).body.code).toBe('listing-frozen');
  });

  it('is taken from the first package where the app has none, re-encoded as well', async () => {
    const publisher = await newApp(owner);
    const icons = { '64': 'icon.png' };
    const image = insertChunk(png(64), 'tEXt', Buffer.from(`Comment\0${SCRIPT}`));
    await upload(publisher, { icons, files: { 'icon.png': image } });
    const { icon_sha256 } = (await publisher.client.get(`/v1/apps/${publisher.packageId}`)).body;
    const stored = await readOwn(publisher, publisher, icon_sha256);
    expect(PNG.sync.read(stored.bytes).width).toBe(64);
    expect(stored.bytes.includes('script')).toBe(false);
    await upload(publisher, { versionCode: 2, icons, files: { 'icon.png': png(65) } });
    expect((await publisher.client.get(`/v1/apps/${publisher.packageId}`)).body.icon_sha256).toBe(icon_sha256);
  });

  it('may be read by an admin in any app', async () => {
    const publisher = await newApp(owner);
    const sha256 = (await put(publisher, png(30))).body.icon_sha256 as string;
    expect((await readOwn(await createAdmin(platform), publisher, sha256)).status).toBe(200);
  });
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Puts a chunk behind the header of a PNG. */
function insertChunk(image: Buffer, type: string, data: Buffer): Buffer {
  const end = 8 + 25;
  return Buffer.concat([image.subarray(0, end), chunk(type, data), image.subarray(end)]);
}

function header(width: number, height: number, pixels = deflateSync(Buffer.alloc(64))): Buffer {
  const fields = Buffer.alloc(13);
  fields.writeUInt32BE(width, 0);
  fields.writeUInt32BE(height, 4);
  fields.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', fields), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** Eight by eight pixels whose data inflate to a hundred megabytes. */
function bomb(): Buffer {
  return header(8, 8, deflateSync(Buffer.alloc(100 * 1024 * 1024)));
}

function flip(image: Buffer): Buffer {
  const spoilt = Buffer.from(image);
  spoilt[60] = (spoilt[60] ?? 0) ^ 0xff;
  return spoilt;
}
