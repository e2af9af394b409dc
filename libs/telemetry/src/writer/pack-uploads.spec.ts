import fc from 'fast-check';
import type { WriterUpload } from './batch-store.js';
import { packUploads, unpackUploads } from './pack-uploads.js';

describe('packUploads', () => {
  it('gives back what was packed, also bodies that lie in a shared slab', () => {
    const upload = fc.record({
      packageId: fc.string(),
      body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      contentEncoding: fc.option(fc.string(), { nil: undefined }),
      sentAt: fc.option(fc.string(), { nil: undefined }),
      receivedMs: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(upload), (uploads: WriterUpload[]) => {
        const { uploads: packed, bodies } = packUploads(uploads);
        const plain = (list: WriterUpload[]) => list.map((each) => ({ ...each, body: [...each.body] }));
        expect(plain(unpackUploads(packed, bodies))).toEqual(plain(uploads));
      }),
    );
  });

  it('hands over no more than the bodies themselves', () => {
    const slab = Buffer.alloc(65_536, 1);
    const body = slab.subarray(100, 110);
    const upload = { packageId: 'a.b', body, contentEncoding: undefined, sentAt: undefined, receivedMs: 0 };
    expect(packUploads([upload, upload]).bodies.byteLength).toBe(20);
  });
});
