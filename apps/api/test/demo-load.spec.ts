import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { OWN_CATALOGUE } from '../src/cli/own-catalogue.js';
import type { DemoProgress } from '../src/demo/demo-report.js';
import { DemoService } from '../src/demo/demo.service.js';
import { PASSWORD, createAdmin, signUp, type Person } from './support/actors.js';
import { scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const app = (more: Record<string, unknown>) => ({
  name: 'An app',
  summary: 'It does a thing.',
  description: '',
  categories: ['Tools'],
  author_name: 'Ann',
  ...more,
});

describe('loading a catalogue', () => {
  let platform: TestPlatform;
  /** Who read in the sources which account becomes a reviewer. */
  let stranger: Person;
  const folder = mkdtempSync(join(tmpdir(), 'mosis-catalogue-'));
  const file = join(folder, 'catalogue.ndjson.gz');
  const catalogue = [
    app({
      package_id: 'org.one.alpha',
      name: 'Alpha',
      versions: [
        [1, '1.0'],
        [2, '1.1'],
        [2, '1.1-again'],
        [1, '0.9'],
        [3, 'three'],
      ],
    }),
    app({ package_id: 'ORG.One.ALPHA', name: 'Alpha again', author_name: 'Bob', versions: [[1, '1.0.0']] }),
    app({ package_id: 'not an id', versions: [[1, '1.0.0']] }),
    app({ package_id: 'org.one.beta', name: 'B'.repeat(80), author_name: null, versions: [[5, '2.0.0']] }),
    app({ package_id: 'org.one.empty', versions: [] }),
  ];

  beforeAll(async () => {
    writeFileSync(file, gzipSync([...catalogue.map((line) => JSON.stringify(line)), '{broken'].join('\n')));
    platform = await TestPlatform.start({ RATE_LIMITS: 'on' });
    stranger = await signUp(platform, { email: 'demo-reviewer@mosis-demo.invalid', verified: false });
  });
  afterAll(async () => {
    await platform.stop();
    rmSync(folder, { recursive: true });
  });

  const load = (
    options: { versions?: number; limit?: number } = {},
    onProgress: (progress: DemoProgress) => void = () => undefined,
  ) => platform.app.get(DemoService).load({ file, versions: 5, ...options }, onProgress);

  it('publishes what can be, counts what is refused and why, and shows its progress', async () => {
    const progress: DemoProgress[] = [];
    const summary = await load({}, (step) => progress.push(step));
    expect(summary).toMatchObject({
      apps: 3,
      versions: 4,
      published: 4,
      version_names: { as_is: 1, padded: 2, stand_in: 1 },
      changed: { 'name-shortened': 1 },
      refused_apps: { 'package-id-taken': 1, 'validation-failed /package_id': 1, 'line-unreadable': 1 },
      refused_versions: { 'version-code-not-higher': 2 },
    });
    expect(progress.at(-1)).toEqual({ done: 5, total: 5 });
    const store = await platform.client().get('/v1/store/apps/org.one.alpha');
    expect(store.body).toMatchObject({
      name: 'Alpha',
      developer_name: 'Ann',
      latest_version: { version_code: 3, version_name: '0.0.3' },
    });
    expect(store.body.icon_url).toMatch(/\/v1\/store\/icons\/[0-9a-f]{64}$/);
  });

  it('makes no reviewer of a stranger who had registered the address of one before', async () => {
    expect((await stranger.client.get('/v1/admin/reviews')).status).toBe(401);
    const { email } = stranger;
    expect((await platform.client().post('/v1/auth/login', { email, password: PASSWORD })).status).toBe(401);
    const made = scalar<string>(platform, 'SELECT role FROM developers WHERE id = ?', stranger.id);
    expect(made).toBe('reviewer');
  });

  it('goes on where an earlier load stopped, and changes nothing that is there', async () => {
    const before = await platform.client().get('/v1/store/apps?limit=100');
    const summary = await load();
    expect(summary).toMatchObject({ developers: 0, apps: 0, versions: 0, published: 0, already_there: 6 });
    expect((await platform.client().get('/v1/store/apps?limit=100')).body).toEqual(before.body);
  });

  it('sends no mail to the people it invents', async () => {
    await platform.idle();
    expect(platform.log).not.toContain('mail sent');
  });

  it('fails for a file that is not there', async () => {
    await expect(
      platform.app.get(DemoService).load({ file: join(folder, 'missing.ndjson') }, () => undefined),
    ).rejects.toThrow(/missing\.ndjson/);
  });
});

describe('the catalogue that comes with the project', () => {
  it('fills a store, and leaves a reviewer something to do', async () => {
    const platform = await TestPlatform.start();
    try {
      const summary = await platform.app.get(DemoService).load({ file: OWN_CATALOGUE, versions: 3 }, () => undefined);
      expect(summary).toMatchObject({ apps: 30, refused_apps: {}, refused_versions: {} });
      expect(summary.telemetry_events).toBeGreaterThan(2_000);
      expect(platform.telemetry.status().writer).toMatchObject({ events: summary.telemetry_events, refused: {} });
      const again = await platform.app.get(DemoService).load({ file: OWN_CATALOGUE, versions: 3 }, () => undefined);
      expect(again.telemetry_events).toBe(0);
      expect((await platform.client().get('/v1/store/apps?limit=100')).body.items.length).toBeGreaterThanOrEqual(26);
      const admin = await createAdmin(platform);
      expect((await admin.client.get('/v1/admin/reviews?status=pending')).body.items).toHaveLength(2);
    } finally {
      await platform.stop();
    }
  });
});
