import fc from 'fast-check';
import {
  addSigningKey,
  buildTestPackage,
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  findPendingReview,
  type Person,
  type Publisher,
} from './support/actors.js';
import { rows } from './support/attack.js';
import type { Answer } from './support/client.js';
import { TestPlatform } from './support/platform.js';
import { newApp, versionUrl } from './support/steps.js';

type Status = 'draft' | 'review' | 'approved' | 'published' | 'rejected' | 'deleted';

interface ModelVersion {
  code: number;
  status: Status;
  key: number;
  yankedBy: 'owner' | 'admin' | null;
}

/** What the design says about one app, in the fewest words. */
class Model {
  versions: ModelVersion[] = [];
  activeKeys = [true, true];
  suspended = false;
  withdrawn = false;

  get highest(): number {
    return Math.max(0, ...this.versions.map(({ code }) => code));
  }
  get wasPublished(): boolean {
    return this.versions.some(({ status }) => status === 'published');
  }
  /** The version that a random number points to; deleted ones too, so that nothing comes back. */
  pick(seed: number): ModelVersion | undefined {
    return this.versions[seed % Math.max(1, this.versions.length)];
  }
  /** The highest version that devices are offered. */
  get offered(): number | undefined {
    if (this.suspended || this.withdrawn) return undefined;
    const codes = this.versions.filter((v) => v.status === 'published' && v.yankedBy === null).map(({ code }) => code);
    return codes.length > 0 ? Math.max(...codes) : undefined;
  }
}

/** Random walks over the life cycle: the API does what the model allows and nothing else. */
describe('the life cycle of versions', () => {
  let platform: TestPlatform;
  let admin: Person;
  let reviewer: Person;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    admin = await createAdmin(platform);
    reviewer = await createReviewer(platform, admin);
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  interface Real {
    publisher: Publisher;
    keys: { id: string; privateKeyPem: string }[];
  }

  /** One action: whether the model allows it, what it then does to the model, and the request. */
  interface Action {
    allowed: (model: Model, version: ModelVersion | undefined) => boolean;
    apply: (model: Model, version: ModelVersion) => void;
    request: (real: Real, model: Model, version: ModelVersion, seed: number) => Promise<Answer>;
    /** Actions on the app rather than on one version. */
    onApp?: true;
  }

  const change = (model: Model, version: ModelVersion | undefined, ...from: Status[]) =>
    !model.suspended && version !== undefined && from.includes(version.status);
  const post = (action: string, body?: unknown) => async (real: Real, _model: Model, version: ModelVersion) =>
    real.publisher.client.post(`${versionUrl(real.publisher, version.code)}/${action}`, body);
  const asAdmin = (action: string, body?: unknown) => async (real: Real, _model: Model, version: ModelVersion) =>
    admin.client.post(`${versionUrl(real.publisher, version.code).replace('/v1/', '/v1/admin/')}/${action}`, body);
  const decide = (decision: string) => async (real: Real, model: Model, version: ModelVersion) => {
    const inReview = model.versions.find(({ status }) => status === 'review');
    // A reviewer can only answer what waits; of another version there is only the review that was decided.
    const [past] = rows<{ id: string }>(
      platform,
      `SELECT r.id FROM reviews r JOIN app_versions v ON v.id = r.version_id JOIN apps a ON a.id = v.app_id
        WHERE a.package_id = ? AND v.version_code = ? ORDER BY r.id DESC`,
      real.publisher.packageId,
      version.code,
    );
    const id = inReview === version ? await findPendingReview(reviewer, real.publisher.packageId) : past?.id;
    return reviewer.client.post(`/v1/admin/reviews/${id ?? crypto.randomUUID()}/decision`, { decision, notes: 'n' });
  };
  const app = (action: string) => async (real: Real) =>
    real.publisher.client.post(`/v1/apps/${real.publisher.packageId}/${action}`);
  const suspend = (action: string, body?: unknown) => async (real: Real) =>
    admin.client.post(`/v1/admin/apps/${real.publisher.packageId}/${action}`, body);

  const ACTIONS: Record<string, Action> = {
    submit: {
      allowed: (m, v) =>
        change(m, v, 'draft') && m.activeKeys[v?.key ?? 0] === true && !m.versions.some((x) => x.status === 'review'),
      apply: (_m, v) => (v.status = 'review'),
      request: post('submit'),
    },
    withdraw: {
      allowed: (m, v) => change(m, v, 'review'),
      apply: (_m, v) => (v.status = 'draft'),
      request: post('withdraw'),
    },
    approve: {
      allowed: (_m, v) => v?.status === 'review',
      apply: (_m, v) => (v.status = 'approved'),
      request: decide('approve'),
    },
    reject: {
      allowed: (_m, v) => v?.status === 'review',
      apply: (_m, v) => (v.status = 'rejected'),
      request: decide('reject'),
    },
    publish: {
      allowed: (m, v) => change(m, v, 'approved') && m.activeKeys[v?.key ?? 0] === true && !m.withdrawn,
      apply: (_m, v) => (v.status = 'published'),
      request: post('publish'),
    },
    yank: {
      allowed: (m, v) => change(m, v, 'published') && v?.yankedBy === null,
      apply: (_m, v) => (v.yankedBy = 'owner'),
      request: post('yank', { reason: 'r' }),
    },
    unyank: {
      allowed: (m, v) => change(m, v, 'published') && v?.yankedBy === 'owner',
      apply: (_m, v) => (v.yankedBy = null),
      request: post('unyank'),
    },
    yankAsAdmin: {
      allowed: (_m, v) => v?.status === 'published' && v.yankedBy !== 'admin',
      apply: (_m, v) => (v.yankedBy = 'admin'),
      request: asAdmin('yank', { reason: 'r' }),
    },
    unyankAsAdmin: {
      allowed: (_m, v) => v?.status === 'published' && v.yankedBy === 'admin',
      apply: (_m, v) => (v.yankedBy = null),
      request: asAdmin('unyank'),
    },
    delete: {
      allowed: (m, v) => change(m, v, 'draft'),
      apply: (_m, v) => (v.status = 'deleted'),
      request: async ({ publisher }, _m, v) => publisher.client.delete(versionUrl(publisher, v.code)),
    },
    withdrawApp: {
      onApp: true,
      allowed: (m) => !m.suspended && m.wasPublished && !m.withdrawn,
      apply: (m) => (m.withdrawn = true),
      request: app('withdraw'),
    },
    restoreApp: {
      onApp: true,
      allowed: (m) => !m.suspended && m.withdrawn,
      apply: (m) => (m.withdrawn = false),
      request: app('restore'),
    },
    suspend: {
      onApp: true,
      allowed: (m) => !m.suspended,
      apply: (m) => (m.suspended = true),
      request: suspend('suspend', { reason: 'r' }),
    },
    unsuspend: {
      onApp: true,
      allowed: (m) => m.suspended,
      apply: (m) => (m.suspended = false),
      request: suspend('unsuspend'),
    },
  };
  /** Where a version goes when nobody stands in its way: drawn often, so that walks get somewhere. */
  const ONWARDS: Partial<Record<Status, string>> = { draft: 'submit', review: 'approve', approved: 'publish' };
  const rare = ['suspend', 'withdrawApp', 'reject'];
  const step = fc.record({
    name: fc.oneof(
      { weight: 4, arbitrary: fc.constant('upload') },
      { weight: 1, arbitrary: fc.constantFrom('deactivate', ...rare) },
      { weight: 12, arbitrary: fc.constant('onwards') },
      { weight: 8, arbitrary: fc.constantFrom(...Object.keys(ACTIONS).filter((name) => !rare.includes(name))) },
    ),
    seed: fc.nat(1000),
  });

  it('is walked at random by owner, reviewer and admin: the API agrees with the model at every step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40, size: 'max' }), async (steps) => {
        const publisher = await newApp(owner);
        const keys = [await addSigningKey(owner), await addSigningKey(owner)];
        const real: Real = { publisher, keys };
        const model = new Model();
        await upload(real, model, 1);
        for (const { name, seed } of steps) {
          if (name === 'upload') await upload(real, model, seed);
          else if (name === 'deactivate') await deactivate(real, model, seed);
          else
            await act(
              name === 'onwards' ? (ONWARDS[model.pick(seed)?.status ?? 'draft'] ?? 'unyank') : name,
              real,
              model,
              seed,
            );
          await compare(real, model);
        }
        for (const { id } of keys.filter((_key, index) => model.activeKeys[index]))
          expectStatus(await owner.client.delete(`/v1/signing-keys/${id}`), 204);
      }),
      { numRuns: 20 },
    );
  });

  async function upload(real: Real, model: Model, seed: number): Promise<void> {
    const code = Math.max(1, model.highest + (seed % 4) - 1);
    const keyIndex = seed % 2;
    const key = real.keys[keyIndex] as { privateKeyPem: string };
    const bytes = await buildTestPackage(key, {
      packageId: real.publisher.packageId,
      versionCode: code,
      files: { 'seed.txt': crypto.randomUUID() },
    });
    const { status } = await real.publisher.client.post(`/v1/apps/${real.publisher.packageId}/versions`, bytes);
    const allowed = !model.suspended && code > model.highest && model.activeKeys[keyIndex] === true;
    expect(['upload', code, status === 201]).toEqual(['upload', code, allowed]);
    if (allowed) model.versions.push({ code, status: 'draft', key: keyIndex, yankedBy: null });
  }

  async function deactivate(real: Real, model: Model, seed: number): Promise<void> {
    const index = seed % 2;
    const { status } = await owner.client.delete(`/v1/signing-keys/${real.keys[index]?.id}`);
    expect(['deactivate', status === 204]).toEqual(['deactivate', model.activeKeys[index]]);
    model.activeKeys[index] = false;
  }

  async function act(name: string, real: Real, model: Model, seed: number): Promise<void> {
    const action = ACTIONS[name] as Action;
    const version = model.pick(seed);
    if (!version && !action.onApp) return;
    const allowed = action.allowed(model, version);
    const answer = await action.request(real, model, version as ModelVersion, seed);
    expect([name, version, answer.status === (name === 'delete' ? 204 : 200), answer.body.code]).toEqual([
      name,
      version,
      allowed,
      allowed ? undefined : expect.any(String),
    ]);
    expect(answer.status).toBeLessThan(500);
    if (allowed) action.apply(model, version as ModelVersion);
  }

  async function compare(real: Real, model: Model): Promise<void> {
    const { packageId } = real.publisher;
    const stored = rows(
      platform,
      `SELECT v.version_code AS code, v.status, v.yanked_by AS yankedBy FROM app_versions v JOIN apps a ON a.id = v.app_id
        WHERE a.package_id = ? ORDER BY v.version_code`,
      packageId,
    );
    const expected = model.versions.filter(({ status }) => status !== 'deleted');
    expect(stored).toEqual(expected.map(({ code, status, yankedBy }) => ({ code, status, yankedBy })));
    const installed = [{ package_id: packageId, version_code: 0 }];
    const updates = await platform.client().post('/v1/store/updates', { mosis_version: '1.0.0', installed });
    expect(updates.body.updates[0]?.version_code).toBe(model.offered);
    const unapproved = rows(
      platform,
      `SELECT v.id FROM app_versions v WHERE v.status IN ('approved', 'published') AND NOT EXISTS (
         SELECT 1 FROM reviews r WHERE r.version_id = v.id AND r.decision = 'approved'
            AND r.subject_sha256 = v.subject_sha256 AND r.reviewer_id IS NOT NULL)`,
    );
    expect(unapproved).toEqual([]);
  }
});
