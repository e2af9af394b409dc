import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupLocationError, ObjectMirror, readFreeBytes } from '@mosis/backup';
import { CoreDatabase } from '@mosis/db';
import { packageKey } from '@mosis/object-store';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../src/common/clock.js';
import { BackupDrillService } from '../src/backups/backup-drill.service.js';
import { ObjectMirrorService } from '../src/backups/object-mirror.service.js';
import { OBJECT_MIRROR } from '../src/backups/object-mirror.token.js';
import { createPublisher, upload } from './support/actors.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';
import { versionUrl } from './support/steps.js';

describe('the copies of objects in the backup', () => {
  let platform: TestPlatform;
  let mirror: ObjectMirror;
  beforeAll(async () => {
    platform = await TestPlatform.start({}, { mirrored: true, backedUp: true });
    mirror = platform.app.get<ObjectMirror>(OBJECT_MIRROR);
  });
  afterAll(() => platform.stop());

  const copyOf = (key: string) => join(platform.settings.dataDir, 'backups/objects', key);
  const problems = async () => (await platform.client().get('/readyz')).body.problems as { code: string }[];

  it('follow uploads, icons and deletions, and say when they cannot', async () => {
    const publisher = await createPublisher(platform);
    await publisher.client.put(`/v1/apps/${publisher.packageId}/icon`, png(50), { 'content-type': 'image/png' });
    const first = await upload(publisher);
    await mirror.whenCurrent();
    const key = packageKey(first.body.package_sha256);
    expect(existsSync(copyOf(key))).toBe(true);

    expect(platform.app.get(ObjectMirrorService).resource()).toMatchObject({ copies: 2, waiting: 0, last_error: null });
    expect((await platform.client().get('/metrics')).bytes.toString()).toMatch(/^mosis_backup_objects_copies 2$/m);

    expect((await publisher.client.delete(versionUrl(publisher, 1))).status).toBe(204);
    await platform.idle();
    await mirror.whenCurrent();
    platform.clock.advance(7 * DAY_MS);
    const service = platform.app.get(ObjectMirrorService);
    expect(await service.run()).toMatchObject({ objects: 1, gone: 1, removed: 0 });
    expect(existsSync(copyOf(key))).toBe(true);
    platform.clock.advance(2 * DAY_MS);
    expect(await service.run()).toMatchObject({ removed: 1, kept_though_gone: 0 });
    expect(existsSync(copyOf(key))).toBe(false);
  });

  it('are proven at the latest every other day, within a stated time', async () => {
    const drills = platform.app.get(BackupDrillService);
    platform.clock.advance(2 * DAY_MS + 3 * HOUR_MS);
    expect((await problems()).map(({ code }) => code)).toContain('backup-drill-overdue');
    drills.readFreeBytes = async () => 1_000_000;
    const { dataDir } = platform.settings;
    expect(await drills.verify()).toMatchObject({
      state: 'failed',
      checks: [],
      failures: [expect.stringMatching(`^A trial restore needs [\\d.]+ MiB in ${dataDir}, and 976.6 KiB are free.$`)],
    });
    drills.readFreeBytes = readFreeBytes;
    drills.deadlineMs = 1;
    const late = await drills.verify();
    expect(late).toMatchObject({ state: 'failed', checks: [], failures: [expect.stringMatching(/took longer than/)] });
    expect(readdirSync(join(platform.settings.dataDir, 'tmp'))).toEqual([]);
    const codes = (await problems()).map(({ code }) => code);
    expect(codes).toContain('backup-drill-failed');
    expect(codes).not.toContain('backup-drill-overdue');
    const nightly = new Promise<string>((resolve) =>
      platform.app.get(CoreDatabase).onCommit(() => {
        void drills
          .findLatest()
          .then((latest) => (latest && latest.id !== late.id ? resolve(latest.state) : undefined));
      }),
    );
    platform.clock.advance(DAY_MS);
    await platform.idle();
    expect(await nightly).toBe('failed');
  });

  it('make nobody wait when the backup is gone', async () => {
    const publisher = await createPublisher(platform);
    rmSync(copyOf(''), { recursive: true });
    writeFileSync(copyOf('').replace(/\/$/, ''), 'a file where the folder was');
    expect((await upload(publisher)).status).toBe(201);
    expect((await problems()).map(({ code }) => code)).not.toContain('backup-objects-late');
    platform.clock.advance(6 * MINUTE_MS);
    expect(await problems()).toContainEqual({
      code: 'backup-objects-late',
      detail: expect.stringMatching(
        /^(1 object is|\d+ objects are) not in the backup, the oldest for 6 minutes: .*backups\/objects/,
      ),
    });
  });

  it('are refused where they would lie among what they are copies of', async () => {
    const url = `file://${platform.settings.dataDir}/objects`;
    await expect(TestPlatform.start({ BACKUP_URL: url, OBJECT_STORE_URL: url }, { mirrored: true })).rejects.toThrow(
      BackupLocationError,
    );
  });
});
