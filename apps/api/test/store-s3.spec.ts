import { randomBytes } from 'node:crypto';
import { startS3Server, type S3Server } from '../../../libs/object-store/test/support/s3-server.js';
import { ObjectsService } from '../src/objects/objects.service.js';
import { createAdmin, createPublisher, createReviewer, publishVersion, upload } from './support/actors.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, versionUrl } from './support/steps.js';

describe('a platform whose objects lie in S3', () => {
  let server: S3Server;
  let platform: TestPlatform;
  beforeAll(async () => {
    server = await startS3Server();
    platform = await TestPlatform.start({
      OBJECT_STORE_URL: `s3://${server.bucket}/store`,
      S3_ENDPOINT: server.endpoint,
      S3_ACCESS_KEY_ID: server.accessKeyId,
      S3_SECRET_ACCESS_KEY: server.secretAccessKey,
    });
  });
  afterAll(async () => {
    await platform.stop();
    await server.kill();
  });

  it('leads from an upload to a download, a range of it and an icon, and refuses what was swapped', async () => {
    const reviewer = await createReviewer(platform);
    const publisher = await createPublisher(platform);
    await publisher.client.put(`/v1/apps/${publisher.packageId}/icon`, png(50), { 'content-type': 'image/png' });
    const data = randomBytes(200_000);
    const published = await publishVersion(publisher, reviewer, { files: { 'data.bin': data } });
    const { package_sha256, package_size } = published.body;
    const url = `/v1/store/packages/${package_sha256}`;
    const download = await platform.client().get(url);
    expect([download.status, download.bytes.length]).toEqual([200, package_size]);
    const range = await platform.client().get(url, { range: 'bytes=1000-1999' });
    expect([range.status, range.headers['content-range']]).toEqual([206, `bytes 1000-1999/${package_size}`]);
    expect(range.bytes.equals(download.bytes.subarray(1000, 2000))).toBe(true);
    const file = await publisher.client.get(`${versionUrl(publisher, 1)}/files/data.bin`);
    expect(file.bytes.equals(data)).toBe(true);
    const page = await platform.client().get(`/v1/store/apps/${publisher.packageId}`);
    expect((await platform.client().get(new URL(page.body.icon_url).pathname)).status).toBe(200);

    const { store } = platform.app.get(ObjectsService);
    expect(store.describe()).toContain('s3');
    expect(await platform.app.get(ObjectsService).findDamagedObjects()).toEqual({
      checked: 2,
      damaged_count: 0,
      damaged: [],
    });
    const draft = await upload(publisher, { versionCode: 2 });
    expect((await publisher.client.delete(versionUrl(publisher, 2))).status).toBe(204);
    await platform.idle();
    const { packageKey } = await import('@mosis/object-store');
    expect(await store.stat(packageKey(draft.body.package_sha256))).toBeUndefined();

    const approved = await approveVersion(publisher, reviewer, { versionCode: 3 });
    await store.delete(packageKey(approved.body.package_sha256));
    const refused = await publisher.client.post(`${versionUrl(publisher, 3)}/publish`);
    expect([refused.status, refused.body.code]).toEqual([409, 'review-subject-changed']);
  });

  it('answers health checks while its objects hang', async () => {
    const anybody = platform.client();
    expect((await anybody.get('/readyz')).body.status).toBe('ready');
    platform.clock.advance(60_000);
    server.pause();
    try {
      const answers = await Promise.all([anybody.get('/readyz'), anybody.get('/readyz')]);
      // As it was known last: this check has not ended.
      expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(2).fill([200, 'ready']));
    } finally {
      server.resume();
    }
  });

  it('says that it cannot reach its objects, stores nothing halfway, and needs no restart afterwards', async () => {
    const publisher = await createPublisher(platform);
    await server.kill();
    const answer = await upload(publisher);
    expect([answer.status, answer.body.code]).toEqual([503, 'object-store-unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await publisher.client.get(`/v1/apps/${publisher.packageId}/versions`)).body.items).toEqual([]);
    expect((await platform.client().get('/v1/store/apps')).status).toBe(200);

    // Anybody may read that something is wrong, and an admin where.
    platform.clock.advance(60_000);
    const sentenceOf = (problems: { code: string; detail: string }[]) =>
      problems.find(({ code }) => code === 'object-store-unavailable')?.detail;
    const told = sentenceOf((await platform.client().get('/readyz')).body.problems);
    expect(told).toBe('Packages cannot be stored or read. The system report says why.');
    const admin = await createAdmin(platform);
    const report = await admin.client.get('/v1/admin/system');
    expect(sentenceOf(report.body.problems)).toMatch(/^Packages cannot be stored or read: ./);
  });
});
