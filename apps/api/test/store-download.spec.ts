import { createHash, randomBytes } from 'node:crypto';
import {
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  type Person,
  type Publisher,
} from './support/actors.js';
import { swapPackage } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, newApp, versionUrl } from './support/steps.js';

describe('a download', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let publisher: Publisher;
  let url: string;
  let whole: Buffer;
  let sha256: string;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    publisher = await createPublisher(platform);
    const published = await publishVersion(publisher, reviewer, { files: { 'data.bin': randomBytes(150_000) } });
    sha256 = published.body.package_sha256;
    url = `/v1/store/packages/${sha256}`;
    whole = (await publisher.client.get(`${versionUrl(publisher, 1)}/package`)).bytes;
  });
  afterAll(() => platform.stop());

  const get = (headers: Record<string, string> = {}) => platform.client().get(url, headers);

  it('is the very bytes, to be kept for ever, as an attachment', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(createHash('sha256').update(answer.bytes).digest('hex')).toBe(sha256);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(whole.length),
      'content-disposition': `attachment; filename="${publisher.packageId}-1.mosis"`,
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      etag: `"${sha256}"`,
      'access-control-allow-origin': '*',
    });
  });

  const size = () => whole.length;
  it.each<[string, string, () => [number, number]]>([
    ['the first byte', 'bytes=0-0', () => [0, 0]],
    ['the first hundred', 'bytes=0-99', () => [0, 99]],
    ['the middle', 'bytes=70000-80000', () => [70_000, 80_000]],
    ['from somewhere on', 'bytes=100000-', () => [100_000, size() - 1]],
    ['everything', 'bytes=0-', () => [0, size() - 1]],
    ['the last hundred', 'bytes=-100', () => [size() - 100, size() - 1]],
    ['more than there is at the end', 'bytes=-99999999', () => [0, size() - 1]],
    ['beyond the end', 'bytes=100-99999999', () => [100, size() - 1]],
  ])('of a range answers %s', async (_, range, expected) => {
    const [start, end] = expected();
    const answer = await get({ range });
    expect(answer.status).toBe(206);
    expect(answer.bytes.equals(whole.subarray(start, end + 1))).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-range': `bytes ${start}-${end}/${size()}`,
      'content-length': String(end - start + 1),
      etag: `"${sha256}"`,
    });
  });

  it.each(['bytes=5-2', 'bytes=-', 'bytes=x-y', 'items=0-5', 'bytes=0-1,5-6', '0-5', 'bytes=1.5-2'])(
    'ignores the range %s, which it cannot or need not honour',
    async (range) => {
      const answer = await get({ range });
      expect([answer.status, answer.bytes.length]).toEqual([200, size()]);
    },
  );

  it('of a range outside the file is refused with its size, and nobody keeps that answer', async () => {
    for (const range of [`bytes=${size()}-`, `bytes=99999999-999999999`, 'bytes=-0']) {
      const answer = await get({ range });
      expect([answer.status, answer.body.code]).toEqual([416, 'range-not-satisfiable']);
      expect(answer.headers['content-range']).toBe(`bytes */${size()}`);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('of a range goes on only where it is the same file', async () => {
    const range = 'bytes=10-19';
    expect((await get({ range, 'if-range': `"${sha256}"` })).status).toBe(206);
    for (const other of [`"${'a'.repeat(64)}"`, `W/"${sha256}"`, 'Wed, 21 Oct 2015 07:28:00 GMT']) {
      const answer = await get({ range, 'if-range': other });
      expect([answer.status, answer.bytes.length]).toEqual([200, size()]);
    }
  });

  it('is not sent to who has it', async () => {
    for (const match of [`"${sha256}"`, `W/"${sha256}"`, `"x", "${sha256}"`, '*']) {
      const answer = await get({ 'if-none-match': match });
      expect([match, answer.status, answer.bytes.length]).toEqual([match, 304, 0]);
      expect(answer.headers.etag).toBe(`"${sha256}"`);
    }
    expect((await get({ 'if-none-match': '"other"', range: 'bytes=0-0' })).status).toBe(206);
  });

  it('can be asked for its head alone', async () => {
    const head = await platform.client().send('HEAD', url);
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.headers).toMatchObject({
      'content-length': String(size()),
      etag: `"${sha256}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await platform.client().send('HEAD', `/v1/store/packages/${'a'.repeat(64)}`)).status).toBe(404);
    const own = `${versionUrl(publisher, 1)}/package`;
    for (const [client, address, headers] of [
      [platform.client(), url, {}],
      [platform.client(), url, { range: 'bytes=100-199' }],
      [platform.client(), url, { range: `bytes=${size()}-` }],
      [publisher.client, own, {}],
      [publisher.client, `${versionUrl(publisher, 1)}/files/data.bin`, {}],
    ] as const) {
      const [asGet, asHead] = [
        await client.get(address, headers),
        await client.send('HEAD', address, undefined, headers),
      ];
      const told = ({ status, headers }: typeof asGet) => ({
        ...headers,
        status,
        date: '',
        'x-request-id': '',
        // A problem's names its request.
        ...(status === 416 ? { 'content-length': '' } : {}),
      });
      expect(told(asHead)).toEqual(told(asGet));
    }
  });

  it('is of published packages only', async () => {
    const other = await newApp(publisher);
    const approved = await approveVersion(other, reviewer);
    const wrong = [approved.body.package_sha256, 'a'.repeat(64), sha256.toUpperCase(), 'x', '..%2f..%2fcore.db'];
    for (const name of wrong) {
      const answer = await platform.client().get(`/v1/store/packages/${name}`);
      expect([name, answer.status]).toEqual([name, 404]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expectStatus(await other.client.post(`${versionUrl(other, 1)}/publish`), 200);
    expect((await platform.client().get(`/v1/store/packages/${approved.body.package_sha256}`)).status).toBe(200);
  });

  it('that the object store has lost is an error that nobody keeps', async () => {
    const putBack = swapPackage(platform, sha256, null);
    const answers = [await get(), await platform.client().send('HEAD', url)];
    putBack();
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect((await get()).status).toBe(200);
  });
});
