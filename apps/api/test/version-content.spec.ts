import { ReviewDeskRepository } from '../src/review-desk/review-desk.repository.js';
import { VersionsRepository } from '../src/versions/versions.repository.js';
import {
  createPublisher,
  createReviewer,
  publishVersion,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { versionUrl } from './support/steps.js';

describe('the content of versions, which is megabytes at worst', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    publisher = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  it('is not read where versions are listed, found or stepped', async () => {
    const { id, app_id } = (await publishVersion(publisher, reviewer)).body as { id: string; app_id: string };
    await upload(publisher, { versionCode: 2 });
    const versions = platform.app.get(VersionsRepository);
    const rows = [
      ...(await versions.list(app_id, 10, {})),
      await versions.find(app_id, 1),
      await versions.findById(id),
      await versions.findLastApproved(platform.db.read, app_id, 2),
    ];
    expect(rows.map((row) => row?.version_code)).toEqual([2, 1, 1, 1, 1]);
    for (const row of rows) {
      expect(row).not.toHaveProperty('files');
      expect(row).not.toHaveProperty('manifest');
    }
    expect(await platform.app.get(ReviewDeskRepository).getVersion(id)).not.toHaveProperty('manifest');
    expect((await publisher.client.get(`${versionUrl(publisher, 1)}/files`)).body.items).toHaveLength(2);
  });
});
