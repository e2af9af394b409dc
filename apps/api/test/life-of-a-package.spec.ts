import { createPublisher, createReviewer, findPendingReview, publishVersion, upload } from './support/actors.js';
import { TestPlatform } from './support/platform.js';

describe('the life of a package', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  it('leads from an upload to a byte-identical download', async () => {
    const publisher = await createPublisher(platform);
    const reviewer = await createReviewer(platform);
    const published = await publishVersion(publisher, reviewer, { files: { 'data.txt': 'x'.repeat(5000) } });
    const own = await publisher.client.get(`/v1/apps/${publisher.packageId}/versions/1/package`);
    const download = await platform.client().get(new URL(published.body.package_url).pathname);
    expect(download.status).toBe(200);
    expect(download.bytes.equals(own.bytes)).toBe(true);
    const updates = await platform.client().post('/v1/store/updates', {
      mosis_version: '1.0.0',
      installed: [{ package_id: publisher.packageId, version_code: 0 }],
    });
    expect(updates.body.updates).toMatchObject([{ package_id: publisher.packageId, version_code: 1 }]);
  });

  it('takes an action that names a content type and sends nothing', async () => {
    const publisher = await createPublisher(platform);
    await upload(publisher);
    const url = `/v1/apps/${publisher.packageId}/versions/1/submit`;
    const submitted = await publisher.client.send('POST', url, undefined, { 'content-type': 'application/json' });
    expect(submitted.body).toMatchObject({ status: 'review' });
  });

  it('ends at a rejection, for good', async () => {
    const publisher = await createPublisher(platform);
    const reviewer = await createReviewer(platform);
    await upload(publisher);
    const url = `/v1/apps/${publisher.packageId}/versions/1`;
    await publisher.client.post(`${url}/submit`);
    const review = await findPendingReview(reviewer, publisher.packageId);
    expect(
      (await reviewer.client.post(`/v1/admin/reviews/${review}/decision`, { decision: 'reject', notes: '' })).status,
    ).toBe(422);
    expect(
      (await reviewer.client.post(`/v1/admin/reviews/${review}/decision`, { decision: 'reject', notes: 'Broken.' }))
        .status,
    ).toBe(200);
    expect((await publisher.client.get(url)).body).toMatchObject({ status: 'rejected', review_notes: 'Broken.' });
    expect((await publisher.client.post(`${url}/publish`)).body.code).toBe('version-not-approved');
    expect((await publisher.client.post(`${url}/submit`)).body.code).toBe('version-not-draft');
  });
});
