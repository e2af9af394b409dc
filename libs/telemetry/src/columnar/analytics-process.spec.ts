import { existsSync } from 'node:fs';
import { AnalyticsProcess } from './analytics-process.js';
import { scratchFolder } from './scratch.js';
import { TelemetryFixture } from './test/telemetry-fixture.js';

const NOW = Date.parse('2026-11-12T15:00:00Z');
const at = (text: string): number => Date.parse(`2026-11-${text}Z`);

describe('the analytics process', () => {
  let fixture: TelemetryFixture;
  let analytics: AnalyticsProcess;
  const open = (options: { graceMs?: number; idleMs?: number } = {}) =>
    new AnalyticsProcess({ dataDir: fixture.dataDir, rawDays: 90, now: () => NOW, ...options });
  beforeEach(() => {
    fixture = new TelemetryFixture();
    analytics = open();
  });
  afterEach(async () => {
    await analytics.close();
    fixture.dispose();
  });

  const ask = (packageId: string) =>
    analytics.rawQuery('query', {
      packageId,
      range: { fromMs: at('10T00:00:00'), toMs: at('11T00:00:00') },
      includeBots: true,
      metric: 'events',
      filters: [],
      groupBy: [],
      limit: 10,
    });
  const count = async () => (await ask('com.dev.one')).rows[0]?.value ?? 0;

  it('stops a question at its deadline and answers the next one', async () => {
    fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00') }]);
    await analytics.close();
    // A process that is slow to say that it has stopped is killed in earnest, and here it must not be.
    analytics = open({ graceMs: 20_000 });
    await analytics.sql('SELECT 1');
    const { pid } = analytics;
    const endless = {
      text: 'SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range = b.range + 1 OR a.range % 7 = b.range % 11',
      maxRows: 1,
    };
    const late = analytics.run('sql', { query: endless, nowMs: NOW }, { deadlineMs: 300 });
    await expect(late).rejects.toMatchObject({ name: 'DeadlineError', deadlineMs: 300 });
    expect(await count()).toBe(1);
    expect(analytics.pid).toBe(pid);
  });

  it('starts anew after it was killed, and tells who had asked', async () => {
    fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00') }]);
    await count();
    const asking = count();
    process.kill(analytics.pid as number, 'SIGKILL');
    await expect(asking).rejects.toMatchObject({ name: 'AnalyticsError', reason: 'crashed' });
    expect(await count()).toBe(1);
  });

  it('refuses the flood of one app, and neither other apps, nor copies while questions fill their lane', async () => {
    const day = fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00') }]);
    const flood = Array.from({ length: 20 }, () => ask('com.dev.one'));
    const others = Array.from({ length: 16 }, (_, index) => ask(`com.dev.other${index}`));
    const late = ask('com.dev.late');
    const copy = analytics.run('archive', { day });
    const [outcomes, ...rest] = await Promise.all(
      [flood, others, [late], [copy]].map((all) => Promise.allSettled(all)),
    );
    expect(outcomes?.map(({ status }) => status)).toEqual([
      ...Array(16).fill('fulfilled'),
      ...Array(4).fill('rejected'),
    ]);
    expect(outcomes?.at(-1)).toMatchObject({ reason: { reason: 'overloaded' } });
    const [asked, refused, copied] = rest;
    expect(asked?.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(refused).toMatchObject([{ reason: { reason: 'overloaded' } }]);
    expect(copied).toMatchObject([{ value: { rows: 1 } }]);
  });

  it('is started by the first request, ended when idle, and leaves no raw rows behind', async () => {
    expect(analytics.pid).toBeUndefined();
    const brief = open({ idleMs: 1 });
    await brief.sql('SELECT 1');
    const pid = brief.pid;
    await new Promise<void>((resolve) => {
      const look = (): void => (brief.pid === undefined ? resolve() : void setImmediate(look));
      look();
    });
    await brief.sql('SELECT 1');
    expect(brief.pid).not.toBe(pid);
    await brief.close();
    expect(existsSync(scratchFolder(fixture.dataDir))).toBe(false);
    await expect(brief.sql('SELECT 1')).rejects.toMatchObject({ reason: 'closed' });
  });

  it('lets the operator read events and nothing else', async () => {
    fixture.receive('2026-11-10', [{ timeMs: at('10T10:00:00'), data: { a: 1 } }]);
    const answer = await analytics.sql(`SELECT received, time, package_id, data FROM events`);
    expect(answer).toEqual({
      columns: ['received', 'time', 'package_id', 'data'],
      rows: [['2026-11-10T00:00:00.000Z', '2026-11-10T10:00:00.000Z', 'com.dev.one', '{"a":1}']],
      truncated: false,
    });
    expect((await analytics.sql('SELECT * FROM range(50)', 10)).truncated).toBe(true);
    for (const text of [
      'DROP TABLE apps',
      `COPY (SELECT 1) TO '${fixture.dataDir}/archive/x.csv'`,
      'SELECT 1; SELECT 2',
      `SELECT * FROM read_text('/etc/hostname')`,
      `ATTACH '/tmp/x.db'`,
      'SET threads = 8',
      'INSTALL httpfs',
      'SELECT nonsense',
      'SELECT $1',
    ]) {
      await expect(analytics.sql(text)).rejects.toMatchObject({ name: 'QueryError', code: 'invalid-sql' });
    }
  });
});
