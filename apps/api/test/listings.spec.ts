import {
  createPublisher,
  createReviewer,
  expectStatus,
  publishVersion,
  signUp,
  type Person,
  type Publisher,
} from './support/actors.js';
import { rows, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

const LISTING = { name: 'First name', description: 'First text', category: 'Tools', tags: ['one', 'two'] };
const CHANGED = { name: 'Other name', description: 'Other text', category: 'Games', tags: ['three'] };

describe('a listing', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const change = (publisher: Publisher, body: Record<string, unknown>) =>
    publisher.client.patch(`/v1/apps/${publisher.packageId}`, body);
  const own = async (publisher: Publisher) => (await publisher.client.get(`/v1/apps/${publisher.packageId}`)).body;
  const shown = async (publisher: Publisher) =>
    (await platform.client().get(`/v1/store/apps/${publisher.packageId}`)).body;
  const pending = async (publisher: Publisher) => {
    const queue = await reviewer.client.get(`/v1/admin/reviews?kind=listing&q=${publisher.packageId}`);
    return queue.body.items as { id: string; due_at: string; reasons: { code: string }[]; subject_sha256: string }[];
  };
  const publishedApp = async () => {
    const publisher = await newApp(owner, LISTING);
    await publishVersion(publisher, reviewer);
    return publisher;
  };

  it('is free while drafted, frozen from submission to publication, and free again after a withdrawal or rejection', async () => {
    const publisher = await newApp(owner, LISTING);
    expect((await change(publisher, { name: 'Draft 2' })).body.name).toBe('Draft 2');
    const frozen = async () => {
      for (const [field, value] of Object.entries(CHANGED)) {
        const answer = await change(publisher, { [field]: value });
        expect([field, answer.status, answer.body.code]).toEqual([field, 409, 'listing-frozen']);
      }
      const image = await publisher.client.delete(`/v1/apps/${publisher.packageId}/icon`);
      expect(image.status).toBe(200);
    };
    await submitVersion(publisher);
    await frozen();
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 1)}/withdraw`), 200);
    expect((await change(publisher, { name: 'Draft 3' })).body.name).toBe('Draft 3');
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 1)}/submit`), 200);
    await frozen();
    await decide(reviewer, publisher.packageId, 'reject');
    expect((await change(publisher, { name: 'Draft 4' })).body.name).toBe('Draft 4');
    await approveVersion(publisher, reviewer, { versionCode: 2 });
    await frozen();
    expect((await own(publisher)).pending_listing).toBeNull();
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 2)}/publish`), 200);
    expect(await shown(publisher)).toMatchObject({ ...LISTING, name: 'Draft 4' });
  });

  it('stays frozen for an approved version while another one of the app is withdrawn', async () => {
    const publisher = await newApp(owner, LISTING);
    await approveVersion(publisher, reviewer);
    await submitVersion(publisher, { versionCode: 2 });
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 2)}/withdraw`), 200);
    expect((await change(publisher, { name: 'Sneaky' })).body.code).toBe('listing-frozen');
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 1)}/publish`), 200);
  });

  it('that is live stays as it was reviewed while its change waits, and is replaced by the approval alone', async () => {
    const publisher = await publishedApp();
    const answer = await change(publisher, CHANGED);
    expect(answer.body).toMatchObject({ ...LISTING, pending_listing: CHANGED });
    expect(await shown(publisher)).toMatchObject(LISTING);
    const search = await platform.client().get(`/v1/store/apps?q=${publisher.packageId}`);
    expect(search.body.items[0].name).toBe('First name');
    const [review] = await pending(publisher);
    expect(review?.reasons.map(({ code }) => code).sort()).toEqual([
      'listing-category-changed',
      'listing-description-changed',
      'listing-name-changed',
      'listing-tags-changed',
    ]);
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    expect(await shown(publisher)).toMatchObject(CHANGED);
    expect((await own(publisher)).pending_listing).toBeNull();
  });

  it('whose change was rejected shows nothing of it', async () => {
    const publisher = await publishedApp();
    await change(publisher, CHANGED);
    await decide(reviewer, publisher.packageId, 'reject', 'listing');
    expect(await shown(publisher)).toMatchObject(LISTING);
    expect(await own(publisher)).toMatchObject({ ...LISTING, pending_listing: null });
    const before = rows(platform, `SELECT id FROM app_revisions WHERE state = 'discarded' AND name = 'Other name'`);
    expect(() => sql(platform, `UPDATE app_revisions SET state = 'live' WHERE id = ?`, before[0]?.id)).toThrow(
      /revision-transition|listing-not-reviewed/,
    );
  });

  it('that waits is replaced by a further change, which keeps its place in the queue', async () => {
    const publisher = await publishedApp();
    await change(publisher, { name: 'Second name' });
    const [first] = await pending(publisher);
    platform.clock.advance(3_600_000);
    await change(publisher, { description: 'Second text' });
    const waiting = await pending(publisher);
    expect(waiting).toHaveLength(1);
    expect(waiting[0]).toMatchObject({ due_at: first?.due_at });
    expect(waiting[0]?.id).not.toBe(first?.id);
    expect((await own(publisher)).pending_listing).toMatchObject({ name: 'Second name', description: 'Second text' });
    const stale = await reviewer.client.post(`/v1/admin/reviews/${first?.id}/decision`, { decision: 'approve' });
    expect([stale.status, stale.body.code]).toEqual([409, 'review-decided']);
    expect((await reviewer.client.get(`/v1/admin/reviews/${first?.id}`)).body.decision).toBe('superseded');
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    expect(await shown(publisher)).toMatchObject({
      name: 'Second name',
      description: 'Second text',
      category: 'Tools',
    });
  });

  it('that is changed back to what is live leaves the queue', async () => {
    const publisher = await publishedApp();
    await change(publisher, CHANGED);
    const [review] = await pending(publisher);
    await change(publisher, LISTING);
    expect(await pending(publisher)).toEqual([]);
    expect((await own(publisher)).pending_listing).toBeNull();
    expect((await reviewer.client.get(`/v1/admin/reviews/${review?.id}`)).body.decision).toBe('withdrawn');
    await change(publisher, LISTING);
    expect(await pending(publisher)).toEqual([]);
  });

  it('that waits is decided as the reviewer saw it or not at all', async () => {
    const publisher = await publishedApp();
    await change(publisher, { name: 'Harmless' });
    const [seen] = await pending(publisher);
    await change(publisher, { name: 'Harmful' });
    const [waiting] = await pending(publisher);
    const body = { decision: 'approve', subject_sha256: seen?.subject_sha256 };
    const answer = await reviewer.client.post(`/v1/admin/reviews/${waiting?.id}/decision`, body);
    expect([answer.status, answer.body.code]).toEqual([409, 'review-subject-changed']);
    expect(await shown(publisher)).toMatchObject({ name: 'First name' });
  });

  it('that went live between the approval of a version and its publication goes on being shown', async () => {
    const publisher = await publishedApp();
    await approveVersion(publisher, reviewer, { versionCode: 2 });
    await change(publisher, CHANGED);
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 2)}/publish`), 200);
    expect(await shown(publisher)).toMatchObject({ ...CHANGED, latest_version: { version_code: 2 } });
  });

  it('waits on its own while a version is in review, and neither waits for the other', async () => {
    const publisher = await publishedApp();
    await submitVersion(publisher, { versionCode: 2 });
    await change(publisher, CHANGED);
    await decide(reviewer, publisher.packageId, 'approve', 'version');
    expect(await shown(publisher)).toMatchObject(LISTING);
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 2)}/publish`), 200);
    expect(await shown(publisher)).toMatchObject(LISTING);
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    expect(await shown(publisher)).toMatchObject(CHANGED);
  });

  it('cannot be changed in the file, nor can a revision that no review has approved go live', async () => {
    const publisher = await publishedApp();
    const where = `WHERE package_id = '${publisher.packageId}'`;
    for (const column of ['name', 'description', 'category', 'tags', 'developer_name'])
      expect(() => sql(platform, `UPDATE apps SET ${column} = '["x"]' ${where}`)).toThrow(/listing-not-reviewed/);
    expect(() => sql(platform, `UPDATE apps SET icon_sha256 = '${'a'.repeat(64)}' ${where}`)).toThrow(
      /listing-not-reviewed/,
    );
    await change(publisher, CHANGED);
    const live = `UPDATE app_revisions SET state = 'live' WHERE state = 'waiting' AND app_id = (SELECT id FROM apps ${where})`;
    expect(() => sql(platform, live)).toThrow(/listing-not-reviewed|revision-transition/);
  });

  describe('carries the developer’s name as it was reviewed', () => {
    const rename = async (person: Person, name: string) =>
      expectStatus(await person.client.patch('/v1/me', { name }), 200);

    it('at once in a draft, and not while a version is submitted', async () => {
      const person = await createPublisher(platform);
      await rename(person, 'Renamed early');
      expect((await own(person)).developer_name).toBe('Renamed early');
      await submitVersion(person);
      await rename(person, 'Renamed late');
      expect((await own(person)).developer_name).toBe('Renamed early');
      expectStatus(await person.client.post(`${versionUrl(person, 1)}/withdraw`), 200);
      expect((await own(person)).developer_name).toBe('Renamed late');
    });

    it('in the version that was approved, with the new one as a revision after its publication', async () => {
      const person = await createPublisher(platform);
      await approveVersion(person, reviewer);
      await rename(person, 'Impostor Inc.');
      expectStatus(await person.client.post(`${versionUrl(person, 1)}/publish`), 200);
      expect((await shown(person)).developer_name).toBe(person.name);
      expect((await own(person)).pending_listing).toMatchObject({ developer_name: 'Impostor Inc.' });
      const search = await platform.client().get('/v1/store/apps?q=Impostor');
      expect(search.body.items).toEqual([]);
      await decide(reviewer, person.packageId, 'approve', 'listing');
      expect((await shown(person)).developer_name).toBe('Impostor Inc.');
    });

    it('in every published app until each of the changes was reviewed', async () => {
      const person = await createPublisher(platform);
      const second = await newApp(person);
      for (const app of [person, second]) await publishVersion(app, reviewer);
      await rename(person, 'New name');
      await decide(reviewer, person.packageId, 'approve', 'listing');
      await decide(reviewer, second.packageId, 'reject', 'listing');
      expect((await shown(person)).developer_name).toBe('New name');
      expect((await shown(second)).developer_name).toBe(person.name);
    });
  });

  it('is nobody else’s to change', async () => {
    const publisher = await publishedApp();
    const other = await signUp(platform);
    for (const person of [other, reviewer]) {
      const answer = await person.client.patch(`/v1/apps/${publisher.packageId}`, CHANGED);
      expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
    }
  });
});
