import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { UploadSpace } from './upload-space.js';

describe('space for uploads', () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  const mostBytes = Math.floor(bavail * bsize * 0.6);

  it('is promised once: what others announced and did not send yet is taken', async () => {
    const space = new UploadSpace(tmpdir(), 0);
    const first = await space.reserve(mostBytes);
    await expect(space.reserve(mostBytes)).rejects.toMatchObject({
      code: 'disk-low',
      options: { retryAfterSeconds: 60 },
    });
    // An upload that says nothing of its size only needs that there is room at all.
    (await space.reserve()).release();
    first.written(mostBytes - 1);
    const second = await space.reserve(mostBytes);
    first.release();
    first.release();
    second.release();
    (await space.reserve(mostBytes)).release();
  });

  it('is refused when less than the minimum would be left', async () => {
    const space = new UploadSpace(tmpdir(), Number.MAX_SAFE_INTEGER);
    await expect(space.reserve()).rejects.toMatchObject({ code: 'disk-low' });
    await expect(new UploadSpace(tmpdir(), mostBytes).reserve(mostBytes)).rejects.toMatchObject({ code: 'disk-low' });
  });
});
