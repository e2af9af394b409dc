import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase } from '../lib/bench.ts';
import { eventsTable, openTelemetryReader } from '../lib/internals.ts';
import { say } from '../lib/progress.ts';
import { watchResident } from '../lib/resident.ts';
import { timed } from '../lib/statistics.ts';
import { copyDataset, openAnalytics, openPartitions, type Dataset } from '../seed/dataset.ts';

const CHUNK_BYTES = 1 << 20;

/** The Parquet copy of a closed partition, verified, beside a dump of the same rows as CSV. */
export const exportCase: BenchCase = {
  name: 'export',
  about: 'the Parquet copy of a closed partition, and the daily aggregates',
  async run(bench) {
    const copy = copyDataset(bench, await openPartitions(bench));
    const analytics = openAnalytics(copy);
    bench.atEnd(() => analytics.close());
    const resident = watchResident(() => analytics.pid);
    const rates: number[] = [];
    const dumps: number[] = [];
    const aggregates: number[] = [];
    let bytesPerRow = Number.NaN;
    let csvBytesPerRow = Number.NaN;
    for (let day = copy.firstDay; day <= copy.lastDay; day += 1) {
      say(`partition ${day - copy.firstDay + 1} of ${copy.days}`);
      const archived = await timed(() => analytics.run('archive', { day }));
      rates.push(archived.result.rows / (archived.ms / 1000));
      bytesPerRow = archived.result.bytes / archived.result.rows;
      const dumped = dumpCsv(copy, day, join(bench.emptyFolder('csv'), 'events.csv'));
      dumps.push(dumped.rows / (dumped.ms / 1000));
      csvBytesPerRow = dumped.bytes / dumped.rows;
      aggregates.push((await timed(() => analytics.run('aggregates', { day }))).ms / 1000);
    }
    const residentBytes = resident.stop();
    bench.report.add({
      what: `Parquet copy of ${bench.scale.partitionRows.toLocaleString('en')} rows, verified`,
      unit: 'rows/s',
      values: rates,
      target: { atLeast: 500_000 },
      baseline: { what: 'a dump of the same rows as CSV', values: dumps },
      note: 'the first one starts the process; each is read back and compared with the table',
    });
    bench.report.add({
      what: '  the process, resident at most',
      unit: 'MB',
      values: [(residentBytes ?? Number.NaN) / 1e6],
      target: { atMost: 600 },
    });
    bench.report.add({
      what: '  bytes of an event in Parquet',
      unit: 'bytes',
      values: [bytesPerRow],
      target: { atMost: 16 },
      baseline: { what: 'CSV', values: [csvBytesPerRow] },
    });
    bench.report.add({ what: 'aggregates of one day, verified', unit: 's', values: aggregates });
  },
};

function dumpCsv({ folder }: Dataset, day: number, path: string): { rows: number; ms: number; bytes: number } {
  const db = openTelemetryReader(folder);
  const file = openSync(path, 'w');
  const startedMs = performance.now();
  let rows = 0;
  try {
    const statement = db.prepare(`SELECT * FROM ${eventsTable(day)} ORDER BY id`).raw();
    let text = '';
    for (const row of statement.iterate() as Iterable<(string | number | null)[]>) {
      const data = row.pop() as string | null;
      text += `${row.join(',')},${data === null ? '' : `"${data.replaceAll('"', '""')}"`}\n`;
      rows += 1;
      if (text.length < CHUNK_BYTES) continue;
      writeSync(file, text);
      text = '';
    }
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
    db.close();
  }
  return { rows, ms: performance.now() - startedMs, bytes: statSync(path).size };
}
