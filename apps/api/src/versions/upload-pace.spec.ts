import { PassThrough } from 'node:stream';
import { Clock } from '../common/clock.js';
import { UploadPace } from './upload-pace.js';

class HandClock extends Clock {
  nowMs = 0;
  override monotonicMs(): number {
    return this.nowMs;
  }
}

describe('the pace of an upload', () => {
  const clock = new HandClock();
  const pace = new UploadPace(clock);
  const begin = () => {
    const body = new PassThrough();
    const errors: unknown[] = [];
    body.on('error', (error: Error & { code: string }) => errors.push(error.code));
    return { errors, upload: pace.watch(body) };
  };
  const passMs = (milliseconds: number) => {
    clock.nowMs += milliseconds;
    pace.endSlow();
  };

  it('ends it when a minute brought less than 16 KiB a second, and not before that minute is over', () => {
    const [slow, fast, over] = [begin(), begin(), begin()];
    slow.upload.count(16 * 1024 * 60 - 1);
    fast.upload.count(16 * 1024 * 60);
    passMs(59_999);
    expect([slow.errors, fast.errors]).toEqual([[], []]);
    over.upload.stop();
    passMs(1);
    expect([slow.errors, fast.errors, over.errors]).toEqual([['request-timeout'], [], []]);
    // What a minute brought counts for that minute alone.
    passMs(60_000);
    expect([slow.errors, fast.errors]).toEqual([['request-timeout'], ['request-timeout']]);
  });

  it('is looked at later when the server was busy, by what all of that time brought', () => {
    const late = begin();
    late.upload.count(16 * 1024 * 90);
    passMs(90_000);
    expect(late.errors).toEqual([]);
    late.upload.stop();
  });
});
