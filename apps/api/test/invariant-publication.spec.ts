import { createHash } from 'node:crypto';
import {
  addSigningKey,
  createPublisher,
  createReviewer,
  publishVersion,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { sql, sqlPastTriggers, swapPackage } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

/** Invariants 1, 2 and 6: what is published is what was approved, down to the byte. */
describe('a publication', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let owner: Publisher;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    owner = await createPublisher(platform);
  });
  beforeEach(async () => {
    publisher = await newApp(owner, { description: 'What it does', category: 'Tools', tags: ['a'] });
  });
  afterAll(() => platform.stop());

  const publish = (code = 1) => publisher.client.post(`${versionUrl(publisher, code)}/publish`);
  const status = async (code = 1) => (await publisher.client.get(versionUrl(publisher, code))).body.status as string;
  const expectRefused = async (code: string) => {
    const answer = await publish();
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe(code);
    expect(await status()).toBe('approved');
    expect((await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).status).toBe(404);
  };

  it.each([
    ['other bytes of the same length', (bytes: Buffer) => Buffer.concat([bytes.subarray(1), Buffer.from('!')])],
    ['other bytes of another length', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('!')])],
    ['nothing', () => null],
  ])('is refused while the object store holds %s in place of the approved object', async (_, spoil) => {
    const approved = await approveVersion(publisher, reviewer);
    const own = await publisher.client.get(`${versionUrl(publisher, 1)}/package`);
    const putBack = swapPackage(platform, approved.body.package_sha256, spoil(own.bytes));
    await expectRefused('review-subject-changed');
    putBack();
    expect((await publish()).status).toBe(200);
  });

  it('leads to a download whose digest is the approved one', async () => {
    const published = await publishVersion(publisher, reviewer);
    const download = await platform.client().get(new URL(published.body.package_url).pathname);
    expect(createHash('sha256').update(download.bytes).digest('hex')).toBe(published.body.package_sha256);
  });

  it.each(['name', 'description', 'category', 'tags', 'developer_name', 'icon_sha256'])(
    'is refused when %s of the app was changed in the file after the approval',
    async (column) => {
      await approveVersion(publisher, reviewer);
      const value = { tags: '["b"]', icon_sha256: 'a'.repeat(64) }[column] ?? 'Another';
      const change = `UPDATE apps SET ${column} = ? WHERE package_id = ?`;
      expect(() => sql(platform, change, value, publisher.packageId)).toThrow(/listing-frozen/);
      sqlPastTriggers(platform, 'apps', change, value, publisher.packageId);
      await expectRefused('review-subject-changed');
    },
  );

  it('is refused when the approved snapshot of the listing was changed, with its digest or without', async () => {
    const approved = await approveVersion(publisher, reviewer);
    const where = `WHERE app_id = '${approved.body.app_id}'`;
    expect(() => sql(platform, `UPDATE app_revisions SET name = 'Evil' ${where}`)).toThrow(/revision-immutable/);
    sqlPastTriggers(platform, 'app_revisions', `UPDATE app_revisions SET name = 'Evil' ${where}`);
    sqlPastTriggers(platform, 'apps', `UPDATE apps SET name = 'Evil' WHERE id = '${approved.body.app_id}'`);
    await expectRefused('review-subject-changed');
    const digest = createHash('sha256')
      .update(JSON.stringify(['mosis-listing-1', 'Evil', 'What it does', 'Tools', ['a'], null, publisher.name]))
      .digest('hex');
    sqlPastTriggers(platform, 'app_revisions', `UPDATE app_revisions SET listing_sha256 = '${digest}' ${where}`);
    await expectRefused('review-subject-changed');
  });

  it('is refused when the version points at another package than the approved one', async () => {
    const approved = await approveVersion(publisher, reviewer);
    const other = await publishVersion(await newApp(owner), reviewer);
    const { package_sha256, package_size } = other.body;
    const change = 'UPDATE app_versions SET package_sha256 = ?, package_size = ? WHERE id = ?';
    expect(() => sql(platform, change, package_sha256, package_size, approved.body.id)).toThrow(/version-immutable/);
    sqlPastTriggers(platform, 'app_versions', change, package_sha256, package_size, approved.body.id);
    await expectRefused('checks-not-passed');
    sqlPastTriggers(
      platform,
      'check_results',
      'UPDATE check_results SET package_sha256 = ? WHERE version_id = ?',
      package_sha256,
      approved.body.id,
    );
    await expectRefused('review-subject-changed');
  });

  it('is refused without an approval, whatever the status column says', async () => {
    const submitted = await submitVersion(publisher);
    const change = `UPDATE app_versions SET status = 'approved' WHERE id = ?`;
    expect(() => sql(platform, change, submitted.body.id)).toThrow(/version-not-approved/);
    expect((await publish()).body.code).toBe('version-not-approved');
    sqlPastTriggers(platform, 'app_versions', change, submitted.body.id);
    await expectRefused('version-not-approved');
  });

  it('cannot be written into the file past the application', async () => {
    const draft = await upload(publisher);
    const now = new Date().toISOString();
    const change = `UPDATE app_versions SET status = 'published', published_at = ?, subject_sha256 = ? WHERE id = ?`;
    expect(() => sql(platform, change, now, 'a'.repeat(64), draft.body.id)).toThrow(/review-subject-changed/);
    const approved = await approveVersion(publisher, reviewer, { versionCode: 2 });
    expect(() => sql(platform, change, now, 'a'.repeat(64), approved.body.id)).toThrow(
      /version-(not-approved|immutable)/,
    );
    expect(await status(1)).toBe('draft');
    expect(await status(2)).toBe('approved');
  });

  it('needs a key that is still active', async () => {
    publisher = { ...publisher, key: await addSigningKey(publisher) };
    await approveVersion(publisher, reviewer);
    expect((await publisher.client.delete(`/v1/signing-keys/${publisher.key.id}`)).status).toBe(204);
    await expectRefused('signing-key-inactive');
    expect(() => sql(platform, 'UPDATE signing_keys SET is_active = 1 WHERE id = ?', publisher.key.id)).toThrow(
      /signing-key-inactive/,
    );
  });

  it('of a draft whose key was deactivated ends before the review', async () => {
    publisher = { ...publisher, key: await addSigningKey(publisher) };
    await upload(publisher);
    await publisher.client.delete(`/v1/signing-keys/${publisher.key.id}`);
    expect((await publisher.client.post(`${versionUrl(publisher, 1)}/submit`)).body.code).toBe('signing-key-inactive');
    publisher = { ...publisher, key: await addSigningKey(publisher) };
    expect((await upload(publisher, { versionCode: 2 })).status).toBe(201);
  });

  it.each(['queued', 'running', 'failed', 'errored', 'skipped'])(
    'is refused when the latest run of a required check is %s',
    async (state) => {
      const approved = await approveVersion(publisher, reviewer);
      addRun(approved.body.id, 'secrets', state);
      await expectRefused('checks-not-passed');
    },
  );

  it.each(['archive', 'signature', 'manifest', 'secrets', 'images'])(
    'is refused when there is no result of the check %s at all',
    async (name) => {
      const approved = await approveVersion(publisher, reviewer);
      const remove = 'DELETE FROM check_results WHERE version_id = ? AND name = ?';
      expect(() => sql(platform, remove, approved.body.id, name)).toThrow(/check-final/);
      sqlPastTriggers(platform, 'check_results', remove, approved.body.id, name);
      await expectRefused('checks-not-passed');
    },
  );

  it('is possible again when a check that failed has passed in a later run', async () => {
    const approved = await approveVersion(publisher, reviewer);
    addRun(approved.body.id, 'secrets', 'errored');
    expect((await publish()).status).toBe(409);
    addRun(approved.body.id, 'secrets', 'passed');
    expect((await publish()).status).toBe(200);
  });

  it('rests on checks that also hold up a submission and an approval', async () => {
    const draft = await upload(publisher);
    addRun(draft.body.id, 'images', 'running');
    expect((await publisher.client.post(`${versionUrl(publisher, 1)}/submit`)).body.code).toBe('checks-not-passed');
    addRun(draft.body.id, 'images', 'passed');
    expect((await publisher.client.post(`${versionUrl(publisher, 1)}/submit`)).status).toBe(200);
    addRun(draft.body.id, 'images', 'errored');
    await expect(decide(reviewer, publisher.packageId, 'approve')).rejects.toThrow(/checks-not-passed/);
    expect(await status()).toBe('review');
  });

  it('answers an upload only after every required check has passed', async () => {
    const draft = await upload(publisher);
    const checks = draft.body.checks as { name: string; status: string; required: boolean; run: number }[];
    expect(checks.map(({ name }) => name).sort()).toEqual(['archive', 'images', 'manifest', 'secrets', 'signature']);
    expect(checks.every((check) => check.status === 'passed' && check.required && check.run === 1)).toBe(true);
  });

  it('leaves nothing to change in a version once it was submitted', async () => {
    const submitted = await submitVersion(publisher);
    const notes = await publisher.client.patch(versionUrl(publisher, 1), { release_notes: 'Other notes' });
    expect(notes.body.code).toBe('version-not-draft');
    expect((await publisher.client.delete(versionUrl(publisher, 1))).body.code).toBe('version-not-draft');
    for (const column of ['release_notes', 'version_name', 'permissions', 'signature', 'files', 'manifest']) {
      const change = `UPDATE app_versions SET ${column} = '[1]' WHERE id = ?`;
      expect(() => sql(platform, change, submitted.body.id)).toThrow(/version-(immutable|not-draft)/);
    }
    expect(() => sql(platform, 'DELETE FROM app_versions WHERE id = ?', submitted.body.id)).toThrow(
      /version-not-draft/,
    );
  });

  function addRun(versionId: string, name: string, state: string): void {
    const now = new Date().toISOString();
    sql(
      platform,
      `INSERT INTO check_results (id, version_id, package_sha256, name, required, run, status, started_at)
       SELECT ?, id, package_sha256, ?, 1, 1 + (SELECT MAX(run) FROM check_results c WHERE c.version_id = v.id AND c.name = ?), ?, ?
         FROM app_versions v WHERE id = ?`,
      crypto.randomUUID(),
      name,
      name,
      state,
      now,
      versionId,
    );
  }
});
