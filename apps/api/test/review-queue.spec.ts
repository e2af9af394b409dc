import {
  createAdmin,
  createPublisher,
  createReviewer,
  expectStatus,
  findPendingReview,
  publishVersion,
  readOutbox,
  signUp,
  type Person,
  type Publisher,
} from './support/actors.js';
import { scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { decide, newApp, submitVersion, versionUrl } from './support/steps.js';

const MINUTE_MS = 60_000;

interface Item {
  id: string;
  package_id: string;
  kind: string;
  due_at: string;
  claimed_by: string | null;
}

describe('the review queue', () => {
  let platform: TestPlatform;
  let admin: Person;
  let reviewer: Person;
  let second: Person;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start({ REVIEW_DUE_HOURS: '48' });
    admin = await createAdmin(platform);
    reviewer = await createReviewer(platform, admin);
    second = await createReviewer(platform, admin);
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const list = async (query = '', person = reviewer): Promise<Item[]> => {
    const items: Item[] = [];
    for (let cursor = ''; ;) {
      const answer = await person.client.get(`/v1/admin/reviews?limit=2${query}${cursor}`);
      expectStatus(answer, 200);
      items.push(...(answer.body.items as Item[]));
      if (answer.body.next_cursor === null) return items;
      cursor = `&cursor=${answer.body.next_cursor}`;
    }
  };
  const submitted = async (name = 'Test app') => {
    const app = await newApp(owner, { name });
    await submitVersion(app);
    return app;
  };
  const post = (person: Person, id: string, action: string, body?: unknown) =>
    person.client.post(`/v1/admin/reviews/${id}/${action}`, body);

  it('lists what is pending, oldest due first, page by page without gaps or repeats', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.push((await submitted()).packageId);
      platform.clock.advance(MINUTE_MS);
    }
    const items = await list();
    expect(items.map(({ package_id }) => package_id)).toEqual(ids);
    const summary = async () => (await reviewer.client.get('/v1/admin/reviews/summary')).body;
    expect(await summary()).toEqual({ pending: 5, overdue: 0, oldest_due_at: items[0]?.due_at });
    expect(items.map(({ due_at }) => due_at)).toEqual(items.map(({ due_at }) => due_at).sort());
    const hours = (Date.parse(items[0]?.due_at ?? '') - platform.clock.now().getTime()) / 3_600_000;
    expect(hours).toBeGreaterThan(47);
    expect(hours).toBeLessThan(48);
    expect(items[0]).toMatchObject({
      kind: 'version',
      version_code: 1,
      version_name: '1.0.1',
      developer: { id: owner.id, name: owner.name },
      claimed_by: null,
      decision: null,
      own: false,
    });
    const [{ checks }] = (await reviewer.client.get('/v1/admin/reviews?limit=1')).body.items;
    expect(checks.map(({ status }: { status: string }) => status)).toEqual(Array(5).fill('passed'));
  });

  it('is narrowed down by kind, text and claim', async () => {
    const named = await submitted('Zanzibar Weather');
    const published = await newApp(owner);
    await publishVersion(published, reviewer);
    await published.client.patch(`/v1/apps/${published.packageId}`, { description: 'new' });
    expect((await list('&kind=listing')).map(({ package_id }) => package_id)).toEqual([published.packageId]);
    expect((await list('&kind=version')).every(({ kind }) => kind === 'version')).toBe(true);
    expect((await list('&q=zanzibar')).map(({ package_id }) => package_id)).toEqual([named.packageId]);
    expect((await list(`&q=${named.packageId.toUpperCase()}`)).map(({ package_id }) => package_id)).toContain(
      named.packageId,
    );
    for (const wild of ['%25', '_', '\\\\']) expect(await list(`&q=${wild}zanzi`)).toEqual([]);
    const id = await findPendingReview(reviewer, named.packageId);
    expectStatus(await post(second, id, 'claim'), 200);
    expect((await list('&claimed=me', second)).map((item) => item.id)).toEqual([id]);
    expect(await list('&claimed=me')).toEqual([]);
    expect((await list('&claimed=nobody')).map((item) => item.id)).not.toContain(id);
    for (const query of ['status=done', 'kind=x', 'limit=0', 'limit=101', 'claimed=you', 'unknown=1', 'cursor=x'])
      expect((await reviewer.client.get(`/v1/admin/reviews?${query}`)).status).toBeGreaterThanOrEqual(400);
  });

  it('shows what was decided, newest first', async () => {
    const [one, two] = [await submitted(), await submitted()];
    await decide(reviewer, one.packageId, 'approve');
    platform.clock.advance(MINUTE_MS);
    await decide(reviewer, two.packageId, 'reject');
    const decided = await list('&status=decided');
    expect(decided.slice(0, 2).map(({ package_id }) => package_id)).toEqual([two.packageId, one.packageId]);
    expect((await list('&status=all')).length).toBe(scalar(platform, 'SELECT COUNT(*) FROM reviews'));
    expect((await list()).map(({ package_id }) => package_id)).not.toContain(one.packageId);
  });

  it('lets a claim bind others for half an hour, and nobody longer', async () => {
    const app = await submitted();
    const id = await findPendingReview(reviewer, app.packageId);
    expect((await post(reviewer, id, 'claim')).body).toMatchObject({
      claimed_by: reviewer.id,
      claimed_by_name: reviewer.name,
    });
    const refused = [
      await post(second, id, 'claim'),
      await post(second, id, 'decision', { decision: 'approve' }),
      await second.client.delete(`/v1/admin/reviews/${id}/claim`),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(Array(3).fill([409, 'review-claimed']));
    platform.clock.advance(29 * MINUTE_MS);
    expect((await post(second, id, 'claim')).status).toBe(409);
    expect((await post(reviewer, id, 'claim')).status).toBe(200);
    platform.clock.advance(29 * MINUTE_MS);
    expect((await post(second, id, 'claim')).status).toBe(409);
    platform.clock.advance(MINUTE_MS);
    expect((await second.client.get(`/v1/admin/reviews/${id}`)).body.claimed_by).toBeNull();
    expect((await list('&claimed=nobody')).map((item) => item.id)).toContain(id);
    expect((await post(second, id, 'claim')).body.claimed_by).toBe(second.id);
    expect((await second.client.delete(`/v1/admin/reviews/${id}/claim`)).body.claimed_by).toBeNull();
    expect((await post(reviewer, id, 'decision', { decision: 'approve' })).status).toBe(200);
    expect((await post(second, id, 'claim')).body.code).toBe('review-decided');
    expect((await post(second, id, 'decision', { decision: 'approve' })).body.code).toBe('review-decided');
  });

  it('takes exactly one decision of reviewers who decide at the same time', async () => {
    const app = await submitted();
    const id = await findPendingReview(reviewer, app.packageId);
    const answers = await Promise.all([
      post(reviewer, id, 'decision', { decision: 'approve' }),
      post(second, id, 'decision', { decision: 'reject', notes: 'no' }),
      post(admin, id, 'decision', { decision: 'approve' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const { decision } = answers.find(({ status }) => status === 200)?.body as { decision: string };
    expect((await owner.client.get(versionUrl(app, 1))).body.status).toBe(decision);
    const audited = scalar(
      platform,
      `SELECT COUNT(*) FROM audit_logs WHERE action LIKE 'review.%ed' AND subject_id = ?`,
      id,
    );
    expect(audited).toBe(1);
  });

  it('takes either a decision or a withdrawal, when both come at the same time', async () => {
    const app = await submitted();
    const id = await findPendingReview(reviewer, app.packageId);
    const [withdrawn, decided] = await Promise.all([
      owner.client.post(`${versionUrl(app, 1)}/withdraw`),
      post(reviewer, id, 'decision', { decision: 'approve' }),
    ]);
    expect([withdrawn.status, decided.status].sort()).toEqual([200, 409]);
    const expected = withdrawn.status === 200 ? 'draft' : 'approved';
    expect((await owner.client.get(versionUrl(app, 1))).body.status).toBe(expected);
  });

  it('refuses a decision on what the reviewer has not seen', async () => {
    const app = await submitted();
    const id = await findPendingReview(reviewer, app.packageId);
    const { subject_sha256 } = (await reviewer.client.get(`/v1/admin/reviews/${id}`)).body;
    const other = await post(reviewer, id, 'decision', { decision: 'approve', subject_sha256: 'a'.repeat(64) });
    expect([other.status, other.body.code]).toEqual([409, 'review-subject-changed']);
    expectStatus(await owner.client.post(`${versionUrl(app, 1)}/withdraw`), 200);
    expect((await post(reviewer, id, 'decision', { decision: 'approve' })).body.code).toBe('review-decided');
    await owner.client.patch(`/v1/apps/${app.packageId}`, { name: 'Swapped' });
    expectStatus(await owner.client.post(`${versionUrl(app, 1)}/submit`), 200);
    const again = await findPendingReview(reviewer, app.packageId);
    expect(again).not.toBe(id);
    const stale = await post(reviewer, again, 'decision', { decision: 'approve', subject_sha256 });
    expect(stale.body.code).toBe('review-subject-changed');
  });

  it('tells the developer what was decided and why, once', async () => {
    const person = await createPublisher(platform);
    await submitVersion(person);
    const id = await findPendingReview(reviewer, person.packageId);
    const body = { decision: 'reject', notes: 'It crashes at start.\nMend that.', reason_code: 'crashes' };
    const decided = await post(reviewer, id, 'decision', body);
    expect(decided.body).toMatchObject({ decision: 'rejected', reason_code: 'crashes', notes: body.notes });
    await platform.idle();
    const mails = readOutbox(platform).filter(
      (mail) => mail.includes(`To: ${person.email}\r\n`) && /rejected/.test(mail),
    );
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('It crashes at start.');
    expect(mails[0]).toContain(person.packageId);
    expect(mails[0]).not.toContain(reviewer.name);
    expect((await person.client.get(versionUrl(person, 1))).body.review_notes).toBe(body.notes);
  });

  it('is closed to everybody else, to keys above all', async () => {
    const stranger = await signUp(platform);
    expect((await stranger.client.get('/v1/admin/reviews')).body.code).toBe('role-required');
    expect((await platform.client().get('/v1/admin/reviews')).status).toBe(401);
    expect((await reviewer.client.get(`/v1/admin/reviews/${crypto.randomUUID()}`)).status).toBe(404);
    expect((await reviewer.client.get('/v1/admin/developers')).body.code).toBe('role-required');
  });
});
