import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { WatchedBody } from './watched-body.js';

const mapError = (error: unknown): Error => new Error('mapped', { cause: error });

describe('WatchedBody', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits for a reader that pauses, however long', async () => {
    const source = new PassThrough({ highWaterMark: 1024 * 1024 });
    const body = new WatchedBody(source, { sizeBytes: 300_000, idleTimeoutMs: 1000, mapError });
    source.end(Buffer.alloc(300_000));
    // Reads until nothing more fits between the source and the reader.
    body.read(0);
    await once(body, 'readable');
    jest.advanceTimersByTime(3_600_000);
    let readBytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) readBytes += chunk.length;
    expect(readBytes).toBe(300_000);
  });

  it('fails when the source sends nothing while somebody wants to read', async () => {
    const source = new PassThrough();
    const body = new WatchedBody(source, { sizeBytes: 10, idleTimeoutMs: 1000, mapError });
    source.write('12345');
    body.resume();
    await once(body, 'data');
    const failed = once(body, 'error');
    jest.advanceTimersByTime(1001);
    expect((await failed)[0]).toMatchObject({ message: 'mapped', cause: { name: 'TimeoutError' } });
    expect(source.destroyed).toBe(true);
  });

  it.each([
    ['ends early', 11],
    ['is longer than announced', 9],
  ])('fails when the source %s', async (_, sizeBytes) => {
    const source = new PassThrough();
    const body = new WatchedBody(source, { sizeBytes, idleTimeoutMs: 1000, mapError });
    source.end('1234567890');
    body.resume();
    expect((await once(body, 'error').catch((error: unknown) => [error]))[0]).toMatchObject({ message: 'mapped' });
  });

  it('fails when the source is closed without an end', async () => {
    const source = new PassThrough();
    const body = new WatchedBody(source, { sizeBytes: 10, idleTimeoutMs: 1000, mapError });
    body.resume();
    const failed = once(body, 'close').catch(() => undefined);
    const error = once(body, 'error').catch((caught: unknown) => [caught]);
    source.destroy();
    expect((await error)[0]).toMatchObject({ message: 'mapped' });
    await failed;
  });

  it('lets go of the source and of its timer when the reader leaves', () => {
    const source = new PassThrough();
    const body = new WatchedBody(source, { sizeBytes: 10, idleTimeoutMs: 1000, mapError });
    body.resume();
    body.destroy();
    expect(source.destroyed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });
});
