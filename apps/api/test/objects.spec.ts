import { existsSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { iconKey, packageKey } from '@mosis/object-store';
import { ObjectsService } from '../src/objects/objects.service.js';
import {
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  upload,
  type Publisher,
} from './support/actors.js';
import { scalar, sql, swapPackage } from './support/attack.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { newApp, submitVersion, versionUrl } from './support/steps.js';

describe('stored objects', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const objectFile = (key: string) => join(platform.settings.dataDir, 'objects', key);
  const setIcon = async (publisher: Publisher, side: number) => {
    const answer = await publisher.client.put(`/v1/apps/${publisher.packageId}/icon`, png(side), {
      'content-type': 'image/png',
    });
    expectStatus(answer, 200);
    return answer.body.icon_sha256 as string;
  };

  it('are all hashed again by the drill: packages in any state, and icons', async () => {
    const reviewer = await createReviewer(platform);
    const drill = () => platform.app.get(ObjectsService).findDamagedObjects();
    const publisher = await newApp(owner);
    const icon = await setIcon(publisher, 8);
    const published = await publishVersion(publisher, reviewer);
    const submitted = await submitVersion(publisher, { versionCode: 2 });
    expect(await drill()).toEqual({ checked: 3, damaged_count: 0, damaged: [] });
    for (const { body } of [published, submitted]) {
      const putBack = swapPackage(platform, body.package_sha256, Buffer.from('rotten'));
      expect((await drill()).damaged).toMatchObject([{ sha256: body.package_sha256 }]);
      putBack();
    }
    const { stream } = await platform.app.get(ObjectsService).store.open(iconKey(icon));
    const original = Buffer.concat(await stream.toArray());
    await platform.app.get(ObjectsService).store.delete(iconKey(icon));
    expect((await drill()).damaged).toEqual([{ sha256: icon, problem: 'it is missing from the object store' }]);
    await platform.app.get(ObjectsService).store.putBytes(iconKey(icon), original);
    expect((await drill()).damaged).toEqual([]);
  });

  it('are hashed again also beside one that cannot be read, which is named', async () => {
    const { body } = await submitVersion(await newApp(owner));
    const { checked } = await platform.app.get(ObjectsService).findDamagedObjects();
    const file = objectFile(packageKey(body.package_sha256));
    renameSync(file, `${file}.away`);
    symlinkSync(`${file}.away`, file);
    const report = await platform.app.get(ObjectsService).findDamagedObjects();
    renameSync(`${file}.away`, file);
    expect(report).toMatchObject({ checked, damaged: [{ sha256: body.package_sha256 }] });
    expect(report.damaged[0]?.problem).toMatch(/^it cannot be read: /);
  });

  it('are counted where all are damaged, and the first of them named', async () => {
    const putBack: (() => void)[] = [];
    for (let app = 0; app < 3; app += 1) {
      const { body } = await submitVersion(await newApp(owner));
      putBack.push(swapPackage(platform, body.package_sha256, null));
    }
    const report = await platform.app.get(ObjectsService).findDamagedObjects(undefined, { mostNamed: 2 });
    putBack.forEach((back) => back());
    expect(report.damaged_count).toBe(3);
    expect(report.damaged).toHaveLength(2);
  });

  it('go with the draft that named them, and stay while anything else names them', async () => {
    const publisher = await newApp(owner);
    const uploaded = await upload(publisher);
    const key = packageKey(uploaded.body.package_sha256);
    expect(existsSync(objectFile(key))).toBe(true);
    expectStatus(await publisher.client.delete(versionUrl(publisher, 1)), 204);
    await platform.idle();
    expect(existsSync(objectFile(key))).toBe(false);
  });

  it('of an icon go when a draft gets another one, but not while another app shows it', async () => {
    const [one, other] = [await newApp(owner), await newApp(owner)];
    const alone = await setIcon(one, 9);
    const shared = await setIcon(one, 10);
    await setIcon(other, 10);
    await platform.idle();
    expect(existsSync(objectFile(iconKey(alone)))).toBe(false);
    await setIcon(one, 11);
    await platform.idle();
    expect(existsSync(objectFile(iconKey(shared)))).toBe(true);
    expectStatus(await other.client.delete(`/v1/apps/${other.packageId}/icon`), 200);
    await platform.idle();
    expect(existsSync(objectFile(iconKey(shared)))).toBe(false);
  });

  it('are not taken away from one app because another one may not have them', async () => {
    const frozen = await newApp(owner);
    await submitVersion(frozen);
    for (let side = 60; side < 80; side += 1) {
      const free = await newApp(owner);
      const [refused, set] = await Promise.all(
        [frozen, free].map(({ client, packageId }) =>
          client.put(`/v1/apps/${packageId}/icon`, png(side), { 'content-type': 'image/png' }),
        ),
      );
      expect([refused?.body.code, set?.status]).toEqual(['listing-frozen', 200]);
      expect(existsSync(objectFile(iconKey(set?.body.icon_sha256 as string)))).toBe(true);
    }
  });

  it('go with an app that is deleted', async () => {
    const publisher = await newApp(owner);
    const icon = await setIcon(publisher, 12);
    const uploaded = await upload(publisher);
    expectStatus(await publisher.client.delete(`/v1/apps/${publisher.packageId}`), 204);
    await platform.idle();
    for (const key of [iconKey(icon), packageKey(uploaded.body.package_sha256)])
      expect(existsSync(objectFile(key))).toBe(false);
  });

  it('that a killed process left unnamed are removed at the next start, and named ones are not', async () => {
    const publisher = await newApp(owner);
    const named = packageKey((await upload(publisher)).body.package_sha256);
    const orphan = packageKey('ab'.repeat(32));
    await platform.app.get(ObjectsService).store.delete(orphan);
    const bytes = Buffer.from('half an upload');
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await platform.app.get(ObjectsService).store.putBytes(packageKey(sha256), bytes);
    for (const key of [named, packageKey(sha256), orphan]) {
      sql(
        platform,
        'INSERT INTO pending_objects (id, object_key, created_at) VALUES (?, ?, ?)',
        crypto.randomUUID(),
        key,
        new Date().toISOString(),
      );
    }
    await platform.app.get(ObjectsService).cleanUp();
    expect(existsSync(objectFile(named))).toBe(true);
    expect(existsSync(objectFile(packageKey(sha256)))).toBe(false);
    expect(scalar(platform, 'SELECT COUNT(*) FROM pending_objects')).toBe(0);
  });

  it('that an upload was being written to are swept from the folder of temporary files at a start', async () => {
    const { UploadReceiver } = await import('../src/versions/upload-receiver.js');
    await upload(await newApp(owner));
    const left = join(platform.settings.dataDir, 'tmp', 'upload-left-behind');
    writeFileSync(left, 'half');
    await platform.app.get(UploadReceiver).cleanUp();
    expect(existsSync(left)).toBe(false);
  });
});
