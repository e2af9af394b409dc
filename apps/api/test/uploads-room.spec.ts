import { createHash } from 'node:crypto';
import {
  buildTestPackage,
  createPublisher,
  createReviewer,
  expectStatus,
  type Person,
  type Publisher,
} from './support/actors.js';
import { inventory } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { decide, newApp, versionUrl } from './support/steps.js';

/** Bytes that do not get smaller in a package. */
function noise(sizeBytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, index) =>
    createHash('sha256').update(`${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

describe('packages that were never published', () => {
  let platform: TestPlatform;
  let owner: Publisher;
  let reviewer: Person;
  beforeAll(async () => {
    platform = await TestPlatform.start({ DRAFTS_MAX_BYTES: '150000' });
    owner = await createPublisher(platform);
    reviewer = await createReviewer(platform);
  });
  afterAll(() => platform.stop());

  const uploadTo = async (publisher: Publisher, versionCode: number) => {
    const files = { 'noise.bin': noise(100_000) };
    const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId, versionCode, files });
    return publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
  };

  it('are bounded together for one developer, over all apps, until they are deleted or decided on', async () => {
    const other = await newApp(owner);
    expectStatus(await uploadTo(owner, 1), 201);
    const before = inventory(platform);
    const refused = await uploadTo(other, 1);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'draft-bytes-limit-reached', detail: expect.stringMatching(/146.5 KiB.*Delete drafts/) as string },
    });
    expect(inventory(platform)).toEqual(before);
    expectStatus(await uploadTo(await createPublisher(platform), 1), 201);

    expectStatus(await owner.client.delete(versionUrl(owner, 1)), 204);
    expectStatus(await uploadTo(other, 1), 201);
    expectStatus(await other.client.post(`${versionUrl(other, 1)}/submit`), 200);
    expect((await uploadTo(owner, 2)).body.code).toBe('draft-bytes-limit-reached');
    await decide(reviewer, other.packageId, 'approve');
    expectStatus(await uploadTo(owner, 2), 201);
  });
});

describe('a server with too little free space', () => {
  it('takes no packages, says so, and stores nothing of them', async () => {
    const platform = await TestPlatform.start({ TELEMETRY_MIN_FREE_MB: '1000000000' });
    try {
      const owner = await createPublisher(platform);
      const bytes = await buildTestPackage(owner.key, { packageId: owner.packageId });
      const before = inventory(platform);
      const answer = await owner.client.post(`/v1/apps/${owner.packageId}/versions`, bytes);
      expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'disk-low', '60']);
      expect(inventory(platform)).toEqual(before);
      expect((await owner.client.get(`/v1/apps/${owner.packageId}`)).status).toBe(200);
    } finally {
      await platform.stop();
    }
  });
});
