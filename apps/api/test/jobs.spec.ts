import { JobsRepository } from '../src/jobs/jobs.repository.js';
import { JobsService } from '../src/jobs/jobs.service.js';
import { rows, scalar, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const HOUR_MS = 3_600_000;

describe('background work', () => {
  let platform: TestPlatform;
  let done: string[];
  beforeEach(async () => {
    platform = await TestPlatform.start();
    done = [];
    jobs().register('test.note', async ({ text }: { text: string }) => {
      done.push(text);
      return { noted: text };
    });
    jobs().register('test.fail', async () => {
      done.push('failed');
      throw new Error('not today');
    });
  });
  afterEach(() => platform.stop());

  const jobs = () => platform.app.get(JobsService);
  const enqueue = (kind: string, payload: unknown = {}, delayMs = 0) =>
    platform.db.write((trx) => jobs().enqueue(trx, kind, payload, delayMs));
  const job = (kind: string) => rows(platform, 'SELECT * FROM jobs WHERE kind = ?', kind)[0];

  it('is done once, remembers its result and forgets what it was about', async () => {
    await enqueue('test.note', { text: 'somebody@example.com' });
    await platform.idle();
    await platform.idle();
    expect(done).toEqual(['somebody@example.com']);
    expect(job('test.note')).toMatchObject({ state: 'done', payload: '{}', attempts: 1 });
  });

  it('is not there when the change that wanted it was rolled back', async () => {
    const failed = platform.db.write(async (trx) => {
      await jobs().enqueue(trx, 'test.note', { text: 'never' });
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    await platform.idle();
    expect(done).toEqual([]);
  });

  it('waits for its time', async () => {
    await enqueue('test.note', { text: 'later' }, HOUR_MS);
    await platform.idle();
    expect(done).toEqual([]);
    platform.clock.advance(HOUR_MS);
    await platform.idle();
    expect(done).toEqual(['later']);
  });

  it('is begun at once when it is queued, and not looked for after each commit that queues nothing', async () => {
    const repository = platform.app.get(JobsRepository);
    const listDue = repository.listDue.bind(repository);
    let looks = 0;
    repository.listDue = (...asked) => {
      looks += 1;
      return listDue(...asked);
    };
    await platform.idle();
    looks = 0;
    const startedMs = performance.now();
    for (let change = 0; change < 300; change += 1) await platform.db.write(async () => undefined);
    // Three lanes look four times a second for what the clock alone makes due, however long the changes took.
    expect(looks).toBeLessThan(50 + (3 * (performance.now() - startedMs)) / 250);
    await enqueue('test.note', { text: 'now' });
    // Woken by its own commit: nothing here waits for it.
    while (done.length === 0) await new Promise(setImmediate);
    expect(done).toEqual(['now']);
    // And what is due by the clock alone is found by the next commit, a moment later.
    await enqueue('test.note', { text: 'later' }, HOUR_MS);
    await platform.idle();
    platform.clock.advance(HOUR_MS);
    await platform.db.write(async () => undefined);
    while (done.length === 1) await new Promise(setImmediate);
    expect(done).toEqual(['now', 'later']);
  });

  it('that fails is tried again after growing pauses, and given up in the end with its reason', async () => {
    await enqueue('test.fail');
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 40; attempt += 1) {
      await platform.idle();
      expect(done).toHaveLength(attempt);
      const { state, run_at, updated_at } = job('test.fail') as Record<'state' | 'run_at' | 'updated_at', string>;
      if (state === 'failed') break;
      // Time goes on by itself as well, since it failed and while threads start.
      const leftMs = Date.parse(run_at) - platform.clock.now().getTime();
      const restMs = Math.min(leftMs / 2, 5_000);
      platform.clock.advance(leftMs - restMs);
      await platform.idle();
      expect(done).toHaveLength(attempt);
      platform.clock.advance(restMs);
      pauses.push(Date.parse(run_at) - Date.parse(updated_at));
    }
    expect(job('test.fail')).toMatchObject({ state: 'failed', attempts: done.length, last_error: 'not today' });
    // A mail server that is away over a weekend loses nothing.
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(60 * HOUR_MS);
    const seconds = pauses.map((pause) => Math.round(pause / 1000));
    expect(seconds).toEqual([...seconds].sort((one, other) => one - other));
    expect(seconds.slice(0, 3)).toEqual([5, 10, 20]);
    platform.clock.advance(30 * 24 * HOUR_MS);
    const attempts = done.length;
    await platform.idle();
    expect(done).toHaveLength(attempts);
  });

  it('of a kind that nobody here knows waits without standing in the way of the rest', async () => {
    for (let index = 0; index < 25; index += 1) await enqueue('from.a.newer.version');
    await enqueue('test.note', { text: 'known' });
    await platform.idle();
    expect(done).toEqual(['known']);
    expect(scalar(platform, `SELECT COUNT(*) FROM jobs WHERE kind = 'from.a.newer.version' AND state = 'queued'`)).toBe(
      25,
    );
  });

  it('that a killed process was at is done by the next one', async () => {
    await enqueue('test.note', { text: 'again' }, HOUR_MS);
    sql(platform, `UPDATE jobs SET state = 'running', run_at = created_at WHERE kind = 'test.note'`);
    await platform.idle();
    expect(done).toEqual([]);
    await jobs().start();
    await platform.idle();
    expect(done).toEqual(['again']);
  });

  it('that repeats is planned once, also over restarts, and forgotten in time without one', async () => {
    const planned = () =>
      scalar(platform, `SELECT COUNT(*) FROM jobs WHERE kind = 'audit.verify' AND state = 'queued'`);
    expect(planned()).toBe(1);
    await jobs().start();
    expect(planned()).toBe(1);
    for (let day = 0; day < 20; day += 1) {
      platform.clock.advance(24 * HOUR_MS + 1000);
      await platform.idle();
    }
    expect(planned()).toBe(1);
    const kept = scalar(platform, `SELECT COUNT(*) FROM jobs WHERE kind = 'audit.verify' AND state = 'done'`);
    expect([14, 15]).toContain(kept);
  });

  describe('that is slow', () => {
    let release: () => void;
    let begun: Promise<void>;
    beforeEach(() => {
      const held = new Promise<void>((resolve) => (release = resolve));
      begun = new Promise((resolve) => {
        jobs().register(
          'test.slow',
          async () => {
            done.push('slow began');
            resolve();
            await held;
            done.push('slow ended');
          },
          { lane: 'slow' },
        );
      });
    });

    it('keeps no mail waiting', async () => {
      await enqueue('test.slow');
      await begun;
      const noted = new Promise<void>((resolve) => {
        jobs().register('test.quick', async () => resolve());
      });
      await enqueue('test.quick');
      await noted;
      expect(done).toEqual(['slow began']);
      release();
      await platform.idle();
      expect(done).toEqual(['slow began', 'slow ended']);
    });

    it('has the audit log moved after it; mails and what reads everything again wait for neither', async () => {
      await enqueue('test.slow');
      await begun;
      platform.clock.advance(24 * HOUR_MS + 1000);
      const noted = (['quick', 'checks'] as const).map(
        (lane) => new Promise<void>((resolve) => jobs().register(`test.${lane}`, async () => resolve(), { lane })),
      );
      await enqueue('test.quick');
      await enqueue('test.checks');
      await Promise.all(noted);
      const states = () =>
        Object.fromEntries(
          rows<{ kind: string; state: string }>(
            platform,
            `SELECT kind, min(state) AS state FROM jobs WHERE kind GLOB 'audit.*' OR kind GLOB 'objects.*' GROUP BY kind`,
          ).map(({ kind, state }) => [kind, state]),
        );
      const checked = { 'audit.verify': 'done', 'objects.verify': 'done' };
      expect(states()).toEqual({ ...checked, 'audit.move-old-segments': 'queued' });
      release();
      await platform.idle();
      expect(states()).toEqual({ ...checked, 'audit.move-old-segments': 'done' });
    });

    it('is not ended by what was done by hand meanwhile', async () => {
      await enqueue('test.slow');
      await begun;
      await jobs().settle('test.slow', { by: 'hand' });
      expect(job('test.slow')).toMatchObject({ state: 'running', result: null });
      release();
      await platform.idle();
      expect(job('test.slow')).toMatchObject({ state: 'done' });
    });

    it('is left alone by a command that does what is due', async () => {
      const command = new JobsService(platform.db, platform.app.get(JobsRepository), platform.clock);
      command.register('command.slow', async () => done.push('slow'), { lane: 'slow' });
      command.register('command.quick', async () => done.push('quick'));
      await enqueue('command.slow');
      await enqueue('command.quick');
      await command.drain();
      expect(done).toEqual(['quick']);
    });
  });

  it('is brought forward when it is wanted sooner, and never queued twice for that', async () => {
    const soon = (delayMs: number) => platform.db.write((trx) => jobs().ensureQueued(trx, 'test.note', delayMs));
    await enqueue('test.note', { text: 'once' }, HOUR_MS);
    await soon(2 * HOUR_MS);
    await soon(60_000);
    await soon(60_000);
    expect(scalar(platform, `SELECT COUNT(*) FROM jobs WHERE kind = 'test.note'`)).toBe(1);
    platform.clock.advance(60_000);
    await platform.idle();
    expect(done).toEqual(['once']);
    await soon(0);
    await platform.idle();
    expect(done).toHaveLength(2);
  });

  it('that repeats says how it last ended and when it runs next', async () => {
    const verify = async () => (await jobs().listRepeating()).find(({ kind }) => kind === 'audit.verify');
    expect(await verify()).toMatchObject({ state: 'queued', last_run_at: null, result: null, error: null });
    platform.clock.advance(24 * HOUR_MS + 1000);
    await platform.idle();
    const after = await verify();
    expect(after).toMatchObject({ state: 'done', result: { ok: true }, error: null });
    const pause = Date.parse(after?.next_run_at ?? '') - Date.parse(after?.last_run_at ?? '');
    expect(Math.round(pause / HOUR_MS)).toBe(24);
  });

  it('that repeats takes what somebody had done by hand for its own, and goes on from then', async () => {
    const verify = async () => (await jobs().listRepeating()).find(({ kind }) => kind === 'audit.verify');
    const open = () => scalar(platform, "SELECT count(*) FROM jobs WHERE kind = 'audit.verify' AND state = 'queued'");
    platform.clock.advance(20 * HOUR_MS);
    await jobs().settle('audit.verify', { ok: false, problem: 'by hand' });
    const settled = await verify();
    expect(settled).toMatchObject({ state: 'done', result: { ok: false, problem: 'by hand' }, error: null });
    const pause = Date.parse(settled?.next_run_at ?? '') - Date.parse(settled?.last_run_at ?? '');
    expect(Math.round(pause / HOUR_MS)).toBe(24);
    expect(open()).toBe(1);
    platform.clock.advance(24 * HOUR_MS + 1000);
    await platform.idle();
    expect(await verify()).toMatchObject({ state: 'done', result: { ok: true } });
    expect(open()).toBe(1);
    // One that nobody had planned yet is there afterwards all the same.
    await jobs().settle('test.note', { noted: 'by hand' });
    expect(job('test.note')).toMatchObject({ state: 'done', result: '{"noted":"by hand"}' });
  });
});
