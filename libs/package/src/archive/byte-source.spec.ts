import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { BufferSource, CHUNK_BYTES, FileSource, readRange } from './byte-source.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mosis-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));

describe('a file source', () => {
  it('reads the same as memory, at any place and length, in any order', async () => {
    const path = join(folder, 'a');
    await writeFile(path, content);
    const handle = await open(path, 'r');
    const source = new FileSource(handle, content.length);
    const memory = new BufferSource(content);
    const range = fc.tuple(fc.nat(content.length), fc.integer({ min: 0, max: 100_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 10 }), async (ranges) => {
        for (const [position, wanted] of ranges) {
          const length = Math.min(wanted, content.length - position);
          const read = Buffer.from(await source.read(position, length));
          expect(read.equals(await memory.read(position, length))).toBe(true);
        }
      }),
    );
    await handle.close();
  });

  it('reads a range in chunks of bounded size', async () => {
    const lengths: number[] = [];
    for await (const chunk of readRange(new BufferSource(content), 10, 150_000)) lengths.push(chunk.length);
    expect(lengths).toEqual([CHUNK_BYTES, CHUNK_BYTES, 150_000 - 10 - 2 * CHUNK_BYTES]);
  });

  it('refuses a file that became shorter while it was read', async () => {
    const path = join(folder, 'b');
    await writeFile(path, content);
    const handle = await open(path, 'r');
    const source = new FileSource(handle, content.length);
    await truncate(path, 100);
    await expect(source.read(90, 20)).rejects.toMatchObject({ code: 'archive-truncated' });
    await expect(source.read(0, 150_000)).rejects.toMatchObject({ code: 'archive-truncated' });
    await expect(new BufferSource(content).read(199_999, 2)).rejects.toMatchObject({ code: 'archive-truncated' });
    await handle.close();
  });
});
