import { releaseMemory } from './release-memory.js';

describe('memory that is given back', () => {
  it('leaves nothing of bytes that have memory of their own', () => {
    const bytes = new Uint8Array(1_000_000);
    const sameMemory = Buffer.from(bytes.buffer);
    releaseMemory(bytes);
    expect([bytes.byteLength, sameMemory.byteLength]).toEqual([0, 0]);
  });

  it('is not what others look into, or threads share', () => {
    const pooled = Buffer.from('a few bytes of a pool');
    const part = new Uint8Array(100).subarray(10);
    const shared = new Uint8Array(new SharedArrayBuffer(100));
    for (const bytes of [pooled, part, shared]) {
      const before = bytes.byteLength;
      releaseMemory(bytes);
      expect(bytes.byteLength).toBe(before);
    }
  });
});
