import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { ReviewDeskRepository } from '../src/review-desk/review-desk.repository.js';
import { VersionsRepository } from '../src/versions/versions.repository.js';
import {
  createPublisher,
  createReviewer,
  publishVersion,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { packageFile, scalar, sqlPastTriggers, swapPackage } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp, versionUrl } from './support/steps.js';

describe('the content of versions, which is megabytes at worst', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    publisher = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  it('is not read where versions are listed, found or stepped', async () => {
    const { id, app_id } = (await publishVersion(publisher, reviewer)).body as { id: string; app_id: string };
    await upload(publisher, { versionCode: 2 });
    const versions = platform.app.get(VersionsRepository);
    const rows = [
      ...(await versions.list(app_id, 10, {})),
      await versions.find(app_id, 1),
      await versions.findById(id),
      await versions.findLastApproved(platform.db.read, app_id, 2),
    ];
    expect(rows.map((row) => row?.version_code)).toEqual([2, 1, 1, 1, 1]);
    for (const row of rows) {
      expect(row).not.toHaveProperty('files');
      expect(row).not.toHaveProperty('manifest');
    }
    expect(await platform.app.get(ReviewDeskRepository).getVersion(id)).not.toHaveProperty('manifest');
    expect((await publisher.client.get(`${versionUrl(publisher, 1)}/files`)).body.items).toHaveLength(2);
  });

  it('is listed as it was kept, and not gathered in memory for a client that reads nothing', async () => {
    const drafted = await newApp(publisher);
    const { id } = (await upload(drafted, { files: { 'ü.txt': 'x' } })).body as { id: string };
    const url = `${versionUrl(drafted, 1)}/files`;
    const kept = scalar<string>(platform, 'SELECT files FROM app_versions WHERE id = ?', id);
    expect((await drafted.client.get(url)).body).toEqual({ items: JSON.parse(kept) as unknown });
    const files = JSON.stringify(
      Array.from({ length: 24_000 }, (_, index) => ({
        path: `${'folder-ü/'.repeat(25)}${index}`,
        size_bytes: index,
        sha256: 'a'.repeat(64),
      })),
    );
    sqlPastTriggers(platform, 'app_versions', 'UPDATE app_versions SET files = ? WHERE id = ?', files, id);
    const list = await drafted.client.get(url);
    expect([list.status, list.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(list.headers['content-length']).toBe(String(list.bytes.length));
    expect(list.bytes.toString() === `{"items":${files}}`).toBe(true);

    await platform.app.listen(0, '127.0.0.1');
    const { server } = platform.app.getHttpAdapter().getInstance();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nCookie: mosis_session=${drafted.client.session}\r\n\r\n`);
    await once(client, 'data');
    client.pause();
    expect((await accepted)[0].writableLength).toBeLessThan(500_000);
    client.destroy();
  });

  it('is refused with what is wrong where a file cannot be unpacked, or broken off where that shows late', async () => {
    const drafted = await newApp(publisher);
    const small = randomBytes(200_000);
    const large = randomBytes(1_000_000);
    const { package_sha256 } = (await upload(drafted, { files: { 'small.bin': small, 'large.bin': large } })).body as {
      package_sha256: string;
    };
    const bytes = readFileSync(packageFile(platform, package_sha256));
    // The last byte of each.
    for (const content of [small, large]) bytes[bytes.indexOf(content.subarray(-100)) + 99]! ^= 1;
    const putBack = swapPackage(platform, package_sha256, bytes);
    const refused = await drafted.client.get(`${versionUrl(drafted, 1)}/files/small.bin`);
    expect([refused.status, refused.body.code]).toEqual([422, 'crc-mismatch']);
    expect(refused.headers['content-disposition']).toBeUndefined();
    await expect(drafted.client.get(`${versionUrl(drafted, 1)}/files/large.bin`)).rejects.toThrow();
    expect(platform.log).toContain('a file of a package was not sent whole');
    putBack();
    expect((await drafted.client.get(`${versionUrl(drafted, 1)}/files/large.bin`)).bytes.equals(large)).toBe(true);
  });
});
