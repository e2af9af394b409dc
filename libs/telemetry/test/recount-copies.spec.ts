import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { AnalyticsProcess } from '../src/columnar/analytics-process.js';
import type { DayAudit } from '../src/rollup/audit.js';
import { differenceAt } from '../src/rollup/day-cells.js';
import type { RollupDifference } from '../src/rollup/differences.js';
import { ScanTasks } from '../src/scan/scan-tasks.js';
import { formatDay } from '../src/storage/days.js';
import { listPartitions } from '../src/storage/partitions.js';
import { archivePath } from '../src/storage/telemetry-file.js';
import { sessionIdOf, someEvents } from './support/batches.js';
import { DirectEngine, TINY_BOTS } from './support/direct-engine.js';
import { life, type Happening } from './support/random-life.js';
import { DAY_MS, HOUR_MS } from './support/test-clock.js';

/** Lives that are tried; TELEMETRY_LONG=1 makes them ten times as many. */
const RUNS = process.env.TELEMETRY_LONG ? 60 : 3;
const ROLLUPS = [
  'hour_counts',
  'day_counts',
  'hour_devices',
  'day_devices',
  'crash_days',
  'crash_devices',
  'device_days',
];

let engine: DirectEngine;
let analytics: AnalyticsProcess;
let scan: ScanTasks;

beforeEach(() => {
  engine = new DirectEngine({ bots: TINY_BOTS });
  analytics = new AnalyticsProcess({ dataDir: engine.dataDir, rawDays: 900, now: engine.clock.now });
  scan = new ScanTasks(engine.db, TINY_BOTS);
});

afterEach(async () => {
  await analytics.close();
  engine.close();
});

async function live(happening: Happening): Promise<void> {
  switch (happening.kind) {
    case 'upload':
      engine.upload(...happening.batches);
      return;
    case 'wait':
      return engine.clock.advance(happening.ms);
    case 'judge':
      return engine.judge();
    case 'erase':
      await engine.erase(happening.packageId, happening.deviceId);
      await engine.runErasures();
      return;
    default:
      return engine.flush();
  }
}

/** Closes the newest partition, and copies closed ones but those whose day `leaves` out. */
async function archive(leaves: (day: number) => boolean = () => false): Promise<void> {
  engine.clock.advance(DAY_MS);
  engine.flush();
  engine.call('turnPartition');
  for (const { day, revision, archive_revision: copied } of listPartitions(engine.db).slice(0, -1)) {
    if (copied === revision || leaves(day)) continue;
    engine.call('recordArchive', { day, ...(await analytics.run('archive', { day })) });
  }
}

function bucketDays(): number[] {
  return engine.db.prepare('SELECT day FROM bucket_days ORDER BY day').pluck().all() as number[];
}

/** What an audit found, in an order of its own. */
function found({ conclusive, counts, apps, sessionProblems, verdicts }: DayAudit) {
  const sorted = (numbers: number[]) => [...numbers].sort((left, right) => left - right);
  const text = (difference: RollupDifference) =>
    JSON.stringify(
      'missing' in difference
        ? { ...difference, missing: sorted(difference.missing), surplus: sorted(difference.surplus) }
        : difference,
    );
  const cells = Array.from(counts.n, (_, index) => JSON.stringify(differenceAt(counts, index)));
  const others = apps.flatMap(({ app, differences: list }) => list.map((one) => `${app} ${text(one)}`));
  const differences = [...cells, ...others].sort();
  const judged = verdicts.map((verdict) => JSON.stringify(verdict)).sort();
  return { conclusive, differences, sessionProblems, judged };
}

describe('a recount from copies', () => {
  it('says what a recount from raw rows says, of any life, whatever part of it has copies', async () => {
    let copiedRows = 0;
    let cells = 0;
    await fc.assert(
      fc.asyncProperty(life, fc.nat({ max: 3 }), async (story, left) => {
        for (const happening of story) await live(happening);
        await archive((day) => day % 4 === left);
        const days = bucketDays().slice(-9);
        const through = days.at(-1) ?? 0;
        for (const day of days) {
          const plan = scan.planRecount({ day });
          if (plan.copies.length === 0) continue;
          const counted = { ...plan, through, counts: await analytics.recountDay({ ...plan, through }) };
          expect(found(scan.auditDay({ day, counted }))).toEqual(found(scan.auditDay({ day })));
          copiedRows += plan.copies.reduce((sum, { rows }) => sum + rows, 0);
          // Without roll-ups everything that was counted is a difference.
          engine.db.exec(`BEGIN; ${ROLLUPS.map((table) => `DELETE FROM ${table}`).join('; ')}`);
          const [fromCopies, fromRows] = [scan.auditDay({ day, counted }), scan.auditDay({ day })].map(found);
          engine.db.exec('ROLLBACK');
          expect(fromCopies).toEqual(fromRows);
          cells += fromRows?.differences.length ?? 0;
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(copiedRows).toBeGreaterThan(RUNS);
    expect(cells).toBeGreaterThan(RUNS * 100);
  }, 120_000);

  it('is not believed when copies or bots are no longer those it was made of, and raw rows tell instead', async () => {
    const batch = { packageId: 'com.example.one', deviceId: 'a', sessionId: sessionIdOf(1) };
    engine.upload({ ...batch, events: [...someEvents(3), ...someEvents(2, 'app_crash', HOUR_MS)] });
    engine.upload({ ...batch, deviceId: 'b', sessionId: sessionIdOf(2), events: someEvents(2) });
    engine.upload({ ...batch, deviceId: 'robot', sessionId: sessionIdOf(3), events: someEvents(20, 'button_click') });
    engine.flush();
    engine.judge();
    await archive();
    const [day] = bucketDays() as [number];
    const count = async () => {
      const plan = scan.planRecount({ day });
      return { ...plan, through: day, counts: await analytics.recountDay({ ...plan, through: day }) };
    };
    const before = await count();
    const [{ day: partition }] = before.copies as [(typeof before.copies)[number]];
    const path = archivePath(engine.dataDir, formatDay(partition));
    const erasedLater = readFileSync(path);
    expect(before.copies).toHaveLength(1);
    expect(before.bots.app).toHaveLength(1);
    expect(found(scan.auditDay({ day, counted: before }))).toMatchObject({ conclusive: true, differences: [] });

    const judged = { ...before, bots: { app: new Int32Array(), device: new Int32Array() } };
    expect(scan.auditDay({ day, counted: judged }).conclusive).toBe(false);
    await engine.erase('com.example.one', 'b');
    await engine.runErasures();
    expect(scan.auditDay({ day, counted: before }).conclusive).toBe(false);
    expect(scan.planRecount({ day }).copies).toEqual([]);

    await archive();
    writeFileSync(path, erasedLater);
    await expect(count()).rejects.toMatchObject({ name: 'VerificationError' });
    engine.db.exec('UPDATE day_counts SET n = n + 1 WHERE dimension = 0 AND measure > 0');
    const failures: number[] = [];
    const copies = {
      fromRows: 1,
      has: () => true,
      count: async (asked: Parameters<typeof analytics.recountDay>[0]) => analytics.recountDay(asked),
      onFailure: (failed: number) => void failures.push(failed),
    };
    const report = await engine.runAudit(true, copies);
    expect(failures).toEqual([day]);
    expect(report.days.find((one) => one.day === formatDay(day))).toMatchObject({ repaired: true });
    expect(await engine.runAudit()).toMatchObject({ differences: 0 });
  });
});
