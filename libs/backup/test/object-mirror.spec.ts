import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createObjectStore, packageKey, type ObjectStore } from '@mosis/object-store';
import { startS3Server, type S3Server } from '../../object-store/test/support/s3-server.js';
import { assertSeparateLocations, ObjectMirror, ObservedObjectStore, type MirrorTuning } from '../src/index.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const EXPORT = 'telemetry/aggregates/day=2026-11-01/part-0.parquet';
const nobody = async () => false;

describe('the mirror of an object store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-mirror-'));
  let count = 0;
  let s3: S3Server;
  beforeAll(async () => (s3 = await startS3Server()));
  afterAll(async () => {
    await s3.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A store with a mirror; `reopen` is what the next process finds. */
  class Scene {
    readonly place = join(folder, `scene-${(count += 1)}`);
    readonly source = createObjectStore({ url: pathToFileURL(join(this.place, 'objects')).href });
    readonly lines: string[] = [];
    nowMs = Date.now();
    mirror!: ObjectMirror;
    objects!: ObjectStore;

    constructor(
      readonly target: () => ObjectStore = () =>
        createObjectStore({ url: pathToFileURL(join(this.place, 'backups/objects')).href }),
      readonly tuning: Partial<MirrorTuning> = {},
    ) {
      this.open();
    }

    open(): void {
      this.mirror = new ObjectMirror({
        source: this.source,
        target: this.target(),
        ledgerFile: join(this.place, 'mirror.db'),
        scratchDir: join(this.place, 'tmp'),
        now: () => this.nowMs,
        tuning: this.tuning,
        log: { info: (_fields, line) => this.lines.push(line), warn: (_fields, line) => this.lines.push(line) },
      });
      this.objects = new ObservedObjectStore(this.source, this.mirror);
    }

    /** Stores a package of this text; answers its key. */
    async putPackage(text: string): Promise<string> {
      const bytes = Buffer.from(text);
      const file = join(this.place, 'upload');
      mkdirSync(this.place, { recursive: true });
      writeFileSync(file, bytes);
      const key = packageKey(sha256(bytes));
      await this.objects.putFile(key, file, { sha256: sha256(bytes), consume: true });
      return key;
    }

    async copyOf(key: string): Promise<string | undefined> {
      const target = this.target();
      const found = await target.stat(key);
      const text = found && (await target.readBytes(key, 1_000_000)).toString();
      await target.close();
      return text;
    }
  }

  const onS3 = () => () =>
    createObjectStore({
      url: `s3://${s3.bucket}/copies-${count}`,
      s3: { endpoint: s3.endpoint, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
    });

  it('copies what is stored, once, and follows what is replaced, in a bucket', async () => {
    const scene = new Scene(onS3());
    const key = await scene.putPackage('one package');
    await scene.objects.putBytes(EXPORT, Buffer.from('first'));
    await scene.mirror.whenCurrent();
    expect([await scene.copyOf(key), await scene.copyOf(EXPORT)]).toEqual(['one package', 'first']);
    await scene.putPackage('one package');
    await scene.objects.putBytes(EXPORT, Buffer.from('other'), { replace: true });
    await scene.mirror.whenCurrent();
    expect(await scene.copyOf(EXPORT)).toBe('other');
    // Package, export, and the export that replaced it: the package that came again was not sent again.
    expect(scene.mirror.status()).toMatchObject({ copies: 2, bytes: 16, waiting: 0, copied: 3, failures: 0 });
    expect(await scene.mirror.catchUp()).toEqual({ objects: 2, queued: 0, gone: 0 });
    await scene.objects.close();
  });

  it('compares digests where size and time say nothing, at least once a week', async () => {
    const scene = new Scene();
    await scene.objects.putBytes(EXPORT, Buffer.from('aaaa'));
    await scene.mirror.whenCurrent();
    // Behind the mirror's back, with the size and the time that it knows.
    const file = join(scene.place, 'objects', EXPORT);
    const { modifiedAt } = (await scene.source.stat(EXPORT))!;
    writeFileSync(file, 'bbbb');
    utimesSync(file, modifiedAt, modifiedAt);
    expect((await scene.mirror.catchUp()).queued).toBe(0);
    scene.nowMs += 8 * DAY_MS;
    expect((await scene.mirror.catchUp()).queued).toBe(1);
    await scene.mirror.whenCurrent();
    expect(await scene.copyOf(EXPORT)).toBe('bbbb');
    await scene.objects.close();
  });

  it('goes on when the backup comes back, and slows nobody down meanwhile', async () => {
    const scene = new Scene(undefined, { firstPauseMs: 20, longestPauseMs: 20 });
    // A file where the folder should be: every copy fails.
    mkdirSync(join(scene.place, 'backups'), { recursive: true });
    writeFileSync(join(scene.place, 'backups/objects'), '');
    const key = await scene.putPackage('patience');
    await until(() => scene.mirror.status().failures > 2);
    scene.nowMs += 600_000;
    const late = scene.mirror.status();
    expect(late).toMatchObject({ waiting: 1, copies: 0, oldestWaitingSeconds: 600 });
    expect(late.lastError).toMatch(/backups\/objects/);
    rmSync(join(scene.place, 'backups/objects'));
    await scene.mirror.whenCurrent();
    expect(await scene.copyOf(key)).toBe('patience');
    expect(scene.mirror.status()).toMatchObject({ waiting: 0, oldestWaitingSeconds: 0, lastError: null });
    expect(scene.lines).toEqual([
      'objects cannot be copied to the backup; trying again',
      'objects are copied to the backup again',
    ]);
    await scene.objects.close();
  });

  it('finds what a killed process did not copy, with the ledger or without it', async () => {
    const scene = new Scene();
    const [kept, missed] = [await scene.putPackage('kept'), 'audit/000000000001-000000000002.ndjson.gz'];
    await scene.mirror.whenCurrent();
    await scene.objects.close();
    await scene.source.putBytes(missed, Buffer.from('stored, then killed'));
    scene.open();
    expect((await scene.mirror.catchUp()).queued).toBe(1);
    await scene.mirror.whenCurrent();
    expect(await scene.copyOf(missed)).toBe('stored, then killed');
    await scene.objects.close();

    writeFileSync(join(scene.place, 'mirror.db'), 'no database '.repeat(1_000));
    for (const suffix of ['-wal', '-shm']) rmSync(join(scene.place, `mirror.db${suffix}`), { force: true });
    scene.open();
    // What names its digest and has its size is taken over; what does not is compared.
    expect(await scene.mirror.catchUp()).toEqual({ objects: 2, queued: 1, gone: 0 });
    await scene.mirror.whenCurrent();
    expect(scene.mirror.find(kept)).toMatchObject({ sha256: /[0-9a-f]{64}/.exec(kept)![0], verified_ms: null });
    expect(scene.mirror.status()).toMatchObject({ copies: 2, waiting: 0 });
    await scene.objects.close();
  });

  it('replaces a copy that is lost or cut short, and copies nothing that is damaged', async () => {
    const scene = new Scene(undefined, { firstRetryMs: 1 });
    const [lost, cut, damaged] = [
      await scene.putPackage('lost'),
      await scene.putPackage('cut short'),
      await scene.putPackage('damaged'),
    ];
    await scene.mirror.whenCurrent();
    rmSync(join(scene.place, 'backups/objects', lost));
    writeFileSync(join(scene.place, 'backups/objects', cut), 'cut');
    writeFileSync(join(scene.place, 'objects', damaged), 'demaged');
    expect((await scene.mirror.catchUp()).queued).toBe(2);
    await scene.mirror.whenCurrent();
    expect([await scene.copyOf(lost), await scene.copyOf(cut)]).toEqual(['lost', 'cut short']);
    rmSync(join(scene.place, 'backups/objects', damaged));
    scene.mirror.copyAgain(damaged);
    await until(() => scene.mirror.status().failures > 0);
    expect(scene.mirror.status().lastError).toMatch(/SHA-256/);
    expect(await scene.copyOf(damaged)).toBeUndefined();
    await scene.objects.close();
  });

  it('keeps the copy of a deleted object for its time, and longer while something names it', async () => {
    const scene = new Scene();
    const [named, deleted, back] = [
      await scene.putPackage('named'),
      await scene.putPackage('deleted'),
      await scene.putPackage('comes back'),
    ];
    const unseen = 'icons/left-by-a-restore.png';
    const target = scene.target();
    await target.putBytes(unseen, Buffer.from('only in the mirror'));
    await scene.mirror.whenCurrent();
    for (const key of [named, deleted, back]) await scene.objects.delete(key);
    await scene.mirror.whenCurrent();
    expect((await scene.mirror.catchUp()).gone).toBe(4);
    await scene.putPackage('comes back');
    await scene.mirror.whenCurrent();

    scene.nowMs += 7 * DAY_MS;
    expect(await scene.mirror.prune(8 * DAY_MS, nobody)).toEqual({ removed: 0, named: [] });
    scene.nowMs += DAY_MS;
    const isNamed = async (key: string) => key === named;
    expect(await scene.mirror.prune(8 * DAY_MS, isNamed)).toEqual({ removed: 2, named: [named] });
    expect(await Promise.all([named, deleted, back, unseen].map((key) => scene.copyOf(key)))).toEqual([
      'named',
      undefined,
      'comes back',
      undefined,
    ]);
    expect(await scene.mirror.catchUp()).toEqual({ objects: 1, queued: 0, gone: 1 });
    await scene.objects.close();
  });

  it('begins anew in another place', async () => {
    const scene = new Scene();
    const key = await scene.putPackage('moved');
    await scene.mirror.whenCurrent();
    await scene.objects.close();
    const elsewhere = new ObjectMirror({
      source: scene.source,
      target: createObjectStore({ url: pathToFileURL(join(scene.place, 'second/objects')).href }),
      ledgerFile: join(scene.place, 'mirror.db'),
      scratchDir: join(scene.place, 'tmp'),
      now: Date.now,
      log: { info: () => undefined, warn: () => undefined },
    });
    expect((await elsewhere.catchUp()).queued).toBe(1);
    await elsewhere.close();
    expect(readFileSync(join(scene.place, 'second/objects', key), 'utf8')).toBe('moved');
  });

  it('does not mirror into the place it mirrors', () => {
    mkdirSync(join(folder, 'data'), { recursive: true });
    symlinkSync(join(folder, 'data'), join(folder, 'link'));
    const url = (path: string) => pathToFileURL(join(folder, path)).href;
    const refuse = (objects: string, backup: string, endpoints: [string?, string?] = []) =>
      expect(() =>
        assertSeparateLocations({
          dataDir: join(folder, 'data'),
          objects: { url: objects, ...(endpoints[0] ? { endpoint: endpoints[0] } : {}) },
          backup: { url: backup, s3: endpoints[1] ? { endpoint: endpoints[1] } : {} },
        }),
      );
    refuse(url('data/objects'), url('data/backups')).not.toThrow();
    refuse(url('data/objects'), url('data/objects-of-backup')).not.toThrow();
    refuse(url('data/objects'), url('data/objects')).toThrow(/overlaps with the object store/);
    refuse(url('data/objects'), url('data/objects/backup')).toThrow(/overlaps/);
    refuse(url('data/objects'), url('link')).toThrow(/overlaps/);
    refuse('s3://bucket/objects', url('data')).toThrow(/the data directory lies in it/);
    refuse('s3://bucket/a', 's3://bucket/b').not.toThrow();
    refuse('s3://bucket/a', 's3://bucket/ab').not.toThrow();
    refuse('s3://bucket/a', 's3://bucket/a/b').toThrow(/overlaps/);
    refuse('s3://bucket', 's3://bucket/b').toThrow(/overlaps/);
    refuse('s3://bucket/a', 's3://bucket/a', ['http://one', 'http://other']).not.toThrow();
  });
});

/** Resolves once it is so, which the mirror's own timers bring about. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error('It never came to be so.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
