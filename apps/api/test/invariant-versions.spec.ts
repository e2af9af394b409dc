import {
  addSigningKey,
  createAdmin,
  createPublisher,
  createReviewer,
  findPendingReview,
  publishVersion,
  signUp,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { rows, sql, sqlPastTriggers } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

/** Invariants 3, 4 and 5. */
describe('versions and their reviews', () => {
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

  describe('what the API says about a version', () => {
    it('is what the signed package says, also where the store shows another name', async () => {
      const publisher = await newApp(owner, { name: 'Listed name' });
      const published = await publishVersion(publisher, reviewer, {
        name: 'Manifest name',
        versionName: '2.5.0-beta.1',
        versionCode: 7,
        permissions: ['network', 'camera'],
        minMosisVersion: '1.3.0',
      });
      const facts = {
        version_code: 7,
        version_name: '2.5.0-beta.1',
        permissions: ['network', 'camera'],
        min_mosis_version: '1.3.0',
        signing_key_fingerprint: publisher.key.fingerprint,
      };
      expect(published.body).toMatchObject(facts);
      const page = await platform.client().get(`/v1/store/apps/${publisher.packageId}`);
      expect(page.body).toMatchObject({ name: 'Listed name', latest_version: facts });
    });

    it('takes nothing from the request', async () => {
      const publisher = await newApp(owner);
      await upload(publisher);
      for (const field of ['version_code', 'version_name', 'permissions', 'min_mosis_version', 'package_sha256']) {
        const answer = await publisher.client.patch(versionUrl(publisher, 1), { [field]: 'x', release_notes: 'n' });
        expect(answer.status).toBe(422);
      }
      expect((await publisher.client.get(versionUrl(publisher, 1))).body.release_notes).toBe('');
    });

    it('is a reason for the reviewer when the manifest calls the app something else', async () => {
      const publisher = await newApp(owner, { name: 'Listed name' });
      await submitVersion(publisher, { name: 'Manifest name' });
      const id = await findPendingReview(reviewer, publisher.packageId);
      const review = await reviewer.client.get(`/v1/admin/reviews/${id}`);
      expect(review.body.reasons.map(({ code }: { code: string }) => code)).toContain('manifest-name-differs');
    });
  });

  describe('the version code', () => {
    it('grows strictly, whatever became of the higher one', async () => {
      const publisher = await newApp(owner);
      expect((await upload(publisher, { versionCode: 5 })).status).toBe(201);
      for (const code of [5, 4, 1]) {
        const answer = await upload(publisher, { versionCode: code, files: { 'x.txt': `${code}` } });
        expect([answer.status, answer.body.code]).toEqual([409, 'version-code-not-higher']);
      }
      expect((await publisher.client.delete(versionUrl(publisher, 5))).status).toBe(204);
      expect((await upload(publisher, { versionCode: 5 })).body.code).toBe('version-code-not-higher');
      expect((await upload(publisher, { versionCode: 6 })).status).toBe(201);
    });

    it('cannot be lowered or repeated in the file', async () => {
      const publisher = await newApp(owner);
      const { id, app_id } = (await upload(publisher, { versionCode: 5 })).body;
      expect(() => sql(platform, 'UPDATE apps SET highest_version_code = 1 WHERE id = ?', app_id)).toThrow(
        /version-code-not-higher/,
      );
      const columns = rows<{ name: string }>(platform, `PRAGMA table_info(app_versions)`).map(({ name }) => name);
      const values = columns.map((name) => (name === 'id' ? `'${crypto.randomUUID()}'` : name)).join(', ');
      for (const verb of ['INSERT', 'INSERT OR REPLACE', 'INSERT OR IGNORE']) {
        const copy = `${verb} INTO app_versions (${columns.join(', ')}) SELECT ${values} FROM app_versions WHERE id = ?`;
        expect(() => sql(platform, copy, id)).toThrow(/version-code-not-higher/);
      }
      expect(() => sql(platform, 'UPDATE app_versions SET version_code = 3 WHERE id = ?', id)).toThrow(
        /version-immutable/,
      );
    });
  });

  describe('an open submission', () => {
    it('is the only one of its app until it ends', async () => {
      const publisher = await newApp(owner);
      await submitVersion(publisher);
      await upload(publisher, { versionCode: 2 });
      const second = () => publisher.client.post(`${versionUrl(publisher, 2)}/submit`);
      expect((await second()).body.code).toBe('submission-open');
      expect((await publisher.client.post(`${versionUrl(publisher, 1)}/withdraw`)).body.status).toBe('draft');
      expect((await second()).status).toBe(200);
      expect((await publisher.client.post(`${versionUrl(publisher, 1)}/submit`)).body.code).toBe('submission-open');
      await decide(reviewer, publisher.packageId, 'reject');
      expect((await publisher.client.post(`${versionUrl(publisher, 1)}/submit`)).status).toBe(200);
    });

    it('is the only one even when two arrive at the same time', async () => {
      const publisher = await newApp(owner);
      await upload(publisher, { versionCode: 1 });
      await upload(publisher, { versionCode: 2 });
      const answers = await Promise.all(
        [1, 2, 1, 2].map((code) => publisher.client.post(`${versionUrl(publisher, code)}/submit`)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    });

    it('cannot be doubled in the file', async () => {
      const publisher = await newApp(owner);
      const { app_id } = (await submitVersion(publisher)).body;
      const copy = `INSERT OR REPLACE INTO reviews (id, kind, app_id, version_id, revision_id, subject_sha256, reasons, submitted_by, submitted_at, due_at)
         SELECT ?, kind, app_id, version_id, revision_id, subject_sha256, reasons, submitted_by, submitted_at, due_at FROM reviews WHERE app_id = ?`;
      expect(() => sql(platform, copy, crypto.randomUUID(), app_id)).toThrow(/submission-open/);
    });
  });

  describe('a decision', () => {
    it('on an app of one’s own is refused, for reviewers and for admins', async () => {
      for (const person of [reviewer, admin]) {
        const own = await newApp(await asPublisher(person));
        await submitVersion(own);
        const id = await findPendingReview(person, own.packageId);
        expect((await person.client.get(`/v1/admin/reviews/${id}`)).body.own).toBe(true);
        for (const decision of ['approve', 'reject']) {
          const answer = await person.client.post(`/v1/admin/reviews/${id}/decision`, { decision, notes: 'mine' });
          expect([answer.status, answer.body.code]).toEqual([403, 'own-review']);
        }
        expect((await person.client.post(`/v1/admin/reviews/${id}/claim`)).body.code).toBe('own-review');
        const update = `UPDATE reviews SET decision = 'approved', reviewer_id = ?, decided_at = '2026-01-01' WHERE id = ?`;
        expect(() => sql(platform, update, person.id, id)).toThrow(/own-review/);
        expect((await person.client.get(versionUrl(own, 1))).body.status).toBe('review');
      }
    });

    it('is for reviewers and admins who are in office', async () => {
      const publisher = await newApp(owner);
      const { id: versionId } = (await submitVersion(publisher)).body;
      const id = await findPendingReview(reviewer, publisher.packageId);
      const url = `/v1/admin/reviews/${id}/decision`;
      const body = { decision: 'approve' };
      expect((await publisher.client.post(url, body)).body.code).toBe('role-required');
      expect((await (await signUp(platform)).client.post(url, body)).body.code).toBe('role-required');
      expect((await platform.client().post(url, body)).status).toBe(401);
      const former = await createReviewer(platform, admin);
      await admin.client.patch(`/v1/admin/developers/${former.id}`, { role: 'developer' });
      expect((await former.client.post(url, body)).body.code).toBe('role-required');
      const update = `UPDATE reviews SET decision = 'approved', reviewer_id = ?, decided_at = '2026-01-01' WHERE id = ?`;
      expect(() => sql(platform, update, former.id, id)).toThrow(/review-without-reviewer/);
      expect(rows(platform, 'SELECT status FROM app_versions WHERE id = ?', versionId)).toEqual([{ status: 'review' }]);
    });

    it('that rejects says why, in more than blanks', async () => {
      const publisher = await newApp(owner);
      await submitVersion(publisher);
      const id = await findPendingReview(reviewer, publisher.packageId);
      for (const notes of [undefined, '', '  \n ']) {
        const answer = await reviewer.client.post(`/v1/admin/reviews/${id}/decision`, { decision: 'reject', notes });
        expect(answer.status).toBe(422);
        expect(answer.body.errors[0].pointer).toBe('/notes');
      }
      const update = `UPDATE reviews SET decision = 'rejected', reviewer_id = ?, notes = ' ', decided_at = '2026-01-01' WHERE id = ?`;
      expect(() => sql(platform, update, reviewer.id, id)).toThrow(/CHECK/);
    });

    it('is never changed afterwards, and an approval is never read from anything weaker', async () => {
      const publisher = await newApp(owner);
      await approveVersion(publisher, reviewer);
      const [review] = rows<{ id: string }>(
        platform,
        `SELECT r.id FROM reviews r JOIN apps a ON a.id = r.app_id WHERE a.package_id = ?`,
        publisher.packageId,
      );
      const url = `/v1/admin/reviews/${review?.id}/decision`;
      expect((await reviewer.client.post(url, { decision: 'reject', notes: 'no' })).body.code).toBe('review-decided');
      const change = `UPDATE reviews SET decision = 'rejected', notes = 'no' WHERE id = ?`;
      expect(() => sql(platform, change, review?.id)).toThrow(/review-(decided|subject-changed)/);
      for (const weaker of ['withdrawn', 'superseded']) {
        sqlPastTriggers(platform, 'reviews', `UPDATE reviews SET decision = ? WHERE id = ?`, weaker, review?.id);
        const answer = await publisher.client.post(`${versionUrl(publisher, 1)}/publish`);
        expect(answer.body.code).toBe('version-not-approved');
      }
    });
  });

  it('lets one person decide on their own app under ALLOW_SELF_REVIEW, marked and audited', async () => {
    const alone = await TestPlatform.start({ ALLOW_SELF_REVIEW: 'on' });
    try {
      const person = await createAdmin(alone);
      const own = await newApp(await asPublisher(person));
      await submitVersion(own);
      const decided = await decide(person, own.packageId, 'approve');
      expect(decided.body).toMatchObject({
        decision: 'approved',
        self_review: true,
        own: true,
        reviewer_id: person.id,
      });
      const log = await person.client.get(`/v1/admin/audit-log?action=review.approved`);
      expect(log.body.items[0]).toMatchObject({ actor_id: person.id, data: { self_review: true } });
      expect((await person.client.post(`${versionUrl(own, 1)}/publish`)).status).toBe(200);
    } finally {
      await alone.stop();
    }
  });

  async function asPublisher(person: Person): Promise<Publisher> {
    return { ...person, packageId: '', key: await addSigningKey(person) };
  }
});
