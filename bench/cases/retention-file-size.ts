import { statSync } from 'node:fs';
import type { TelemetryEngine } from '@mosis/telemetry';
import type { Bench } from '../lib/bench.ts';
import { openEngine } from '../lib/engine.ts';
import { DAY_MS, dayOf, telemetryDatabasePath } from '../lib/internals.ts';
import { Progress, say } from '../lib/progress.ts';
import { SimulatedClock } from '../lib/simulated-clock.ts';
import { usedBytes } from '../lib/sqlite-file.ts';
import { makeTemplates, renew, type BatchTemplate } from '../load/batches.ts';

const APPS = ['com.bench.first', 'com.bench.second', 'com.bench.third'].map((packageId) => ({ packageId, key: 'key' }));
const EVENTS_PER_BATCH = 50;
const UPLOADERS = 16;
/** A full file: raw rows of 30 days, and the ledger, which is kept for four weeks, has begun to be dropped. */
const RAW_DAYS = 30;
const FILLING_DAYS = 38;
const MEASURED_DAYS = 30;

/** Uploads day after day through the engine, with retention every day, and looks how large the file is. */
export async function measureFileSize(bench: Bench): Promise<void> {
  const { simulatedEventsPerDay: eventsPerDay } = bench.scale;
  const dataDir = bench.emptyFolder('days');
  const file = telemetryDatabasePath(dataDir);
  const clock = new SimulatedClock(dayOf(Date.now()) * DAY_MS + DAY_MS / 2);
  const engine = await openEngine(dataDir, { ...clock.functions, rawDays: RAW_DAYS });
  bench.atEnd(() => engine.close());
  const days = FILLING_DAYS + MEASURED_DAYS;
  say(`${days} simulated days of ${eventsPerDay} events`);
  const progress = new Progress('days', days);
  const sizes: number[] = [];
  let dropped = 0;
  for (let day = 0; day < days; day += 1) {
    if (day > 0) clock.forward(DAY_MS);
    const templates = makeTemplates({
      apps: APPS,
      count: Math.ceil(eventsPerDay / EVENTS_PER_BATCH),
      events: EVENTS_PER_BATCH,
      encoding: 'gzip',
      seed: bench.seed,
      sessionSeed: bench.seed + day,
      nowMs: clock.functions.now(),
    });
    await upload(engine, templates);
    await engine.settled();
    dropped += (await engine.runRetention()).dropped.length;
    if (day >= FILLING_DAYS) sizes.push(statSync(file).size);
    progress.at(day + 1);
  }
  const first = sizes[0] as number;
  const furthest = Math.max(...sizes.map((size) => Math.abs(size / first - 1)));
  bench.report.add({
    what: `the file over ${MEASURED_DAYS} simulated days, change at most`,
    unit: '%',
    values: [furthest * 100],
    target: { atMost: 10 },
    note: `${(first / 1e6).toFixed(1)} MB at first, ${((sizes.at(-1) ?? 0) / 1e6).toFixed(1)} MB at last (${(usedBytes(file) / 1e6).toFixed(1)} in use), ${eventsPerDay} events a day, ${dropped} partitions dropped`,
  });
}

async function upload(engine: TelemetryEngine, templates: readonly BatchTemplate[]): Promise<void> {
  let next = 0;
  const uploader = async () => {
    while (next < templates.length) {
      const template = templates[next++] as BatchTemplate;
      const outcome = await engine.upload({
        packageId: template.app.packageId,
        keyId: template.app.key,
        address: '',
        body: Buffer.from(renew(template)),
        contentEncoding: 'gzip',
        sentAt: undefined,
      });
      if (outcome.kind === 'refused') throw new Error(`${outcome.status} ${outcome.code}: ${outcome.detail}`);
      if (outcome.answer.accepted !== template.events) throw new Error('Events were rejected.');
    }
  };
  await Promise.all(Array.from({ length: UPLOADERS }, uploader));
}
