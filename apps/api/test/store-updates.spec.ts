import {
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  type Person,
  type Publisher,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, newApp, submitVersion, versionUrl } from './support/steps.js';

describe('updates', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const ask = (mosis_version: string, installed: unknown) =>
    platform.client().post('/v1/store/updates', { mosis_version, installed });
  const offered = async (app: Publisher, installed: number, mosis = '1.0.0'): Promise<number | undefined> => {
    const answer = await ask(mosis, [{ package_id: app.packageId, version_code: installed }]);
    expectStatus(answer, 200);
    return answer.body.updates[0]?.version_code;
  };
  const release = (app: Publisher, versionCode: number, minMosisVersion = '1.0.0', versionName?: string) =>
    publishVersion(app, reviewer, { versionCode, minMosisVersion, ...(versionName ? { versionName } : {}) });

  it('are the highest version above the installed one that the device can run, by semver and prereleases', async () => {
    const app = await newApp(owner);
    await release(app, 1, '1.0.0');
    await release(app, 2, '1.9.0');
    await release(app, 3, '1.10.0');
    await release(app, 4, '2.0.0-beta.2');
    await release(app, 5, '2.0.0');
    const table: [mosis: string, code: number | undefined][] = [
      ['0.9.9', undefined],
      ['1.0.0-rc.1', undefined],
      ['1.0.0', 1],
      ['1.9.0', 2],
      ['1.9.9', 2],
      ['1.10.0', 3],
      ['2.0.0-alpha', 3],
      ['2.0.0-beta.1', 3],
      ['2.0.0-beta.2', 4],
      ['2.0.0-beta.11', 4],
      ['2.0.0-rc.1', 4],
      ['2.0.0', 5],
      ['2.0.0+build.7', 5],
      ['10.0.0', 5],
    ];
    for (const [mosis, code] of table) expect([mosis, await offered(app, 0, mosis)]).toEqual([mosis, code]);
    expect(await offered(app, 3, '2.0.0')).toBe(5);
    expect(await offered(app, 5, '2.0.0')).toBeUndefined();
    expect(await offered(app, 6, '2.0.0')).toBeUndefined();
    // Never down: a device that cannot run more keeps what it has.
    expect(await offered(app, 2, '1.0.0')).toBeUndefined();
  });

  it('find a version that runs behind many that do not', async () => {
    const app = await newApp(owner);
    await release(app, 1);
    for (let code = 2; code <= 23; code += 1) await release(app, code, '5.0.0');
    expect(await offered(app, 0)).toBe(1);
    expect(await offered(app, 0, '5.0.0')).toBe(23);
  });

  it('go by the version code, not by its name', async () => {
    const app = await newApp(owner);
    await release(app, 1, '1.0.0', '9.0.0');
    await release(app, 2, '1.0.0', '2.0.0-alpha');
    expect(await offered(app, 1)).toBe(2);
  });

  it('carry what a device needs to check the package', async () => {
    const app = await newApp(owner);
    const version = (await release(app, 3)).body;
    const answer = await ask('1.0.0', [{ package_id: app.packageId, version_code: 1 }]);
    expect(answer.body.updates).toEqual([
      {
        package_id: app.packageId,
        version_code: 3,
        version_name: '1.0.3',
        package_url: version.package_url,
        package_size: version.package_size,
        package_sha256: version.package_sha256,
        signature: version.signature,
        signing_key: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
        signing_key_fingerprint: owner.key.fingerprint,
        release_notes: '',
      },
    ]);
  });

  it('are never what is drafted, in review, approved, rejected, yanked, suspended or withdrawn', async () => {
    const admin = await createAdmin(platform);
    const app = await newApp(owner);
    await release(app, 1);
    await release(app, 2);
    await approveVersion(app, reviewer, { versionCode: 3 });
    await submitVersion(app, { versionCode: 4 });
    expect(await offered(app, 0)).toBe(2);
    expectStatus(await app.client.post(`${versionUrl(app, 2)}/yank`, { reason: 'broken' }), 200);
    expect(await offered(app, 0)).toBe(1);
    expect(await offered(app, 1)).toBeUndefined();
    const page = await platform.client().get(`/v1/store/apps/${app.packageId}`);
    expect(page.body.latest_version.version_code).toBe(1);
    expectStatus(await app.client.post(`${versionUrl(app, 2)}/unyank`), 200);
    expect(await offered(app, 0)).toBe(2);
    for (const [off, on] of [
      [`/v1/apps/${app.packageId}/withdraw`, `/v1/apps/${app.packageId}/restore`],
      [`/v1/admin/apps/${app.packageId}/suspend`, `/v1/admin/apps/${app.packageId}/unsuspend`],
    ] as const) {
      const client = off.includes('admin') ? admin.client : app.client;
      expectStatus(await client.post(off, off.includes('admin') ? { reason: 'x' } : undefined), 200);
      expect(await offered(app, 0)).toBeUndefined();
      expectStatus(await client.post(on), 200);
      expect(await offered(app, 0)).toBe(2);
    }
  });

  it('are answered for many apps at once, each once, unknown ones left out', async () => {
    const [one, two] = [await newApp(owner), await newApp(owner)];
    for (const app of [one, two]) await release(app, 4);
    const answer = await ask('1.0.0', [
      { package_id: one.packageId, version_code: 1 },
      { package_id: one.packageId.toUpperCase(), version_code: 3 },
      { package_id: 'com.example.unknown', version_code: 1 },
      { package_id: two.packageId, version_code: 4 },
    ]);
    expect(answer.body.updates).toHaveLength(1);
    expect(answer.body.updates[0].version_code).toBe(4);
    expect((await ask('1.0.0', [])).body).toEqual({ updates: [] });
  });

  it('are answered in the order of what was asked, however many apps a device has', async () => {
    const apps = [await newApp(owner), await newApp(owner), await newApp(owner)];
    for (const app of apps) await release(app, 4);
    // Of the last one the newest version does not run.
    await release(apps[2] as Publisher, 5, '7.0.0');
    const others = Array.from({ length: 500 }, (_, index) => ({
      package_id: `com.example.other${index}`,
      version_code: 1,
    }));
    apps.forEach(({ packageId }, index) => (others[index * 170] = { package_id: packageId, version_code: 1 }));
    const { body } = await ask('1.0.0', others);
    expect(body.updates.map(({ package_id }: { package_id: string }) => package_id)).toEqual(
      apps.map(({ packageId }) => packageId),
    );
    expect(body.updates.map(({ version_code }: { version_code: number }) => version_code)).toEqual([4, 4, 4]);
  });

  it('are refused to who asks in a way nobody can read', async () => {
    const app = { package_id: 'com.example.x', version_code: 1 };
    for (const [mosis, installed] of [
      ['1', [app]],
      ['1.4', [app]],
      ['v1.4.0', [app]],
      ['1.04.0', [app]],
      ['', [app]],
      ['1.0.0', [{ ...app, version_code: -1 }]],
      ['1.0.0', [{ ...app, version_code: 1.5 }]],
      ['1.0.0', [{ ...app, version_code: 2 ** 31 }]],
      ['1.0.0', [{ ...app, more: 1 }]],
      ['1.0.0', Array.from({ length: 501 }, () => app)],
      ['1.0.0', app],
    ] as const) {
      const answer = await ask(mosis, installed);
      expect([mosis, answer.status, answer.body.code]).toEqual([mosis, 422, 'validation-failed']);
    }
  });
});
