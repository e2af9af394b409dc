import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';
import { iconKey } from '@mosis/object-store';
import { runOperation } from '../src/cli/operations.js';
import { VerifiedStream } from '../src/objects/verified-stream.js';
import { sha256Hex } from '../src/common/secrets.js';
import { createAdmin, createPublisher, createReviewer, publishVersion, type Person } from './support/actors.js';
import { packageFile, swapPackage } from './support/attack.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { newApp, versionUrl } from './support/steps.js';

const BROKEN_OFF = 'broken off';

describe('an object that was changed after its review', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let publisher: Awaited<ReturnType<typeof createPublisher>>;
  const packages: Record<'small' | 'large', { sha256: string; own: string; bytes: Buffer }> = {} as never;

  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    publisher = await createPublisher(platform);
    for (const [name, size] of [
      ['small', 2_000],
      ['large', 900_000],
    ] as const) {
      const app = await newApp(publisher);
      const published = await publishVersion(app, reviewer, { files: { 'data.bin': randomBytes(size) } });
      const sha256 = published.body.package_sha256 as string;
      packages[name] = {
        sha256,
        own: `${versionUrl(app, 1)}/package`,
        bytes: readFileSync(packageFile(platform, sha256)),
      };
    }
  });
  afterAll(() => platform.stop());

  const changed = (bytes: Buffer, at: number): Buffer => {
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    return other;
  };
  const spoilt: [string, (bytes: Buffer) => Buffer][] = [
    ['has another first byte', (bytes) => changed(bytes, 0)],
    ['has another last byte', (bytes) => changed(bytes, bytes.length - 1)],
    ['was cut', (bytes) => bytes.subarray(0, 100)],
    ['became longer', (bytes) => Buffer.concat([bytes, Buffer.from('HTTP/1.1 200 OK\r\n\r\n')])],
  ];
  const cases = spoilt.flatMap(([what, spoil]) => (['small', 'large'] as const).map((name) => [name, what, spoil] as const)); // prettier-ignore

  it.each(cases)('is never sent whole: a %s package that %s', async (name, _, spoil) => {
    const { sha256, own, bytes } = packages[name];
    const url = `/v1/store/packages/${sha256}`;
    const putBack = swapPackage(platform, sha256, spoil(bytes));
    const ask = (client: Person['client'], address: string, headers: Record<string, string> = {}) =>
      client.get(address, headers).catch(() => ({ status: BROKEN_OFF, headers: {}, body: {} }));
    const stranger = platform.client();
    const answers = [
      await ask(stranger, url),
      await ask(publisher.client, own),
      await ask(stranger, url, { range: 'bytes=0-9' }),
    ];
    putBack();
    for (const { status, headers, body } of answers) {
      if (status === BROKEN_OFF) continue;
      expect([status, body.code]).toEqual([503, 'object-damaged']);
      expect(headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(headers).not.toHaveProperty('etag');
    }
    // A small one is known before its first byte leaves, and a range before it begins.
    expect(answers.map(({ status }) => status)).toEqual(
      name === 'small' || bytes.length !== spoil(bytes).length ? [503, 503, 503] : [BROKEN_OFF, BROKEN_OFF, 503],
    );
    expect((await stranger.get(url)).bytes.equals(bytes)).toBe(true);
    expect((await stranger.get(url, { range: 'bytes=5-14' })).bytes.equals(bytes.subarray(5, 15))).toBe(true);
  });

  it('of another size has no head either', async () => {
    const { sha256, bytes } = packages.small;
    const putBack = swapPackage(platform, sha256, bytes.subarray(1));
    expect((await platform.client().send('HEAD', `/v1/store/packages/${sha256}`)).status).toBe(503);
    putBack();
  });

  it('is not sent in parts when it is changed after a part was', async () => {
    const { sha256, bytes } = packages.large;
    const url = `/v1/store/packages/${sha256}`;
    const range = { range: 'bytes=0-9' };
    expect((await platform.client().get(url, range)).status).toBe(206);
    const putBack = swapPackage(platform, sha256, changed(bytes, 500_000));
    expect((await platform.client().get(url, range)).body.code).toBe('object-damaged');
    putBack();
  });

  it('is no icon', async () => {
    const app = await newApp(publisher);
    const { body } = await app.client.put(`/v1/apps/${app.packageId}/icon`, png(31), { 'content-type': 'image/png' });
    await publishVersion(app, reviewer);
    const file = join(platform.settings.dataDir, 'objects', iconKey(body.icon_sha256));
    const bytes = readFileSync(file);
    writeFileSync(file, changed(bytes, 40));
    const answers = [
      await platform.client().get(`/v1/store/icons/${body.icon_sha256}`),
      await app.client.get(`/v1/apps/${app.packageId}/icons/${body.icon_sha256}`),
    ];
    writeFileSync(file, bytes);
    expect(answers.map((answer) => [answer.status, answer.body.code, answer.headers['cache-control']])).toEqual([
      [503, 'object-damaged', 'no-store'],
      [503, 'object-damaged', 'no-store'],
    ]);
    expect((await platform.client().get(`/v1/store/icons/${body.icon_sha256}`)).status).toBe(200);
  });

  it('is soon in the health check, and all objects are verified once for it', async () => {
    const { sha256, bytes } = packages.small;
    const codes = async () =>
      ((await platform.client().get('/readyz')).body.problems as { code: string }[]).map(({ code }) => code);
    platform.clock.advance(25 * 3_600_000);
    await platform.idle();
    expect(await codes()).not.toContain('packages-damaged');
    platform.clock.advance(7 * 3_600_000);
    const putBack = swapPackage(platform, sha256, changed(bytes, 1));
    await platform.client().get(`/v1/store/packages/${sha256}`);
    await platform.idle();
    expect(await codes()).toContain('packages-damaged');
    putBack();
    const admin = await createAdmin(platform);
    expect((await admin.client.get('/v1/admin/system')).body.package_drill.result.damaged).toEqual([
      { sha256, problem: expect.stringContaining('digest') },
    ]);
    // Put back, it need not wait for the night: what `mosis objects verify` finds counts at once, in both directions.
    const verify = () => runOperation(platform.app, 'objects.verify', {}, () => undefined);
    expect(await verify()).toMatchObject({ damaged_count: 0 });
    expect(await codes()).not.toContain('packages-damaged');
    const mend = swapPackage(platform, sha256, changed(bytes, 1));
    expect(await verify()).toMatchObject({ damaged_count: 1 });
    expect(await codes()).toContain('packages-damaged');
    mend();
  });
});

describe('a stream that is verified', () => {
  it.each([0, 1, 1_000, 300_000])(
    'hands over %s bytes as they are, and all but the last piece of others',
    async (size) => {
      const bytes = randomBytes(size);
      const read = async (expected: { sha256: string; sizeBytes: number }) => {
        const got: Buffer[] = [];
        const source = async function* () {
          for (let from = 0; from < size; from += 65_536) yield bytes.subarray(from, from + 65_536);
        };
        const sink = new Writable({ write: (chunk: Buffer, _, done) => (got.push(chunk), done()) }); // prettier-ignore
        const error = await pipeline(source, new VerifiedStream(expected, () => new Error('damaged')), sink).catch(
          (reason: unknown) => (reason as Error).message,
        );
        return { error, read: Buffer.concat(got) };
      };
      const sha256 = sha256Hex(bytes);
      expect(await read({ sha256, sizeBytes: size })).toEqual({ error: undefined, read: bytes });
      for (const expected of [
        { sha256: sha256Hex('x'), sizeBytes: size },
        { sha256, sizeBytes: size + 1 },
      ]) {
        const answer = await read(expected);
        expect(answer.error).toBe('damaged');
        expect(answer.read.length).toBeLessThan(Math.max(size, 1));
      }
    },
  );
});
