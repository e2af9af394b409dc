import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { telemetryDatabasePath } from '../lib/internals.ts';
import { runMosis } from '../lib/mosis.ts';
import { findDescendants, signalAll } from '../lib/processes.ts';
import { say } from '../lib/progress.ts';
import { RealServer } from '../lib/server.ts';
import { Witnesses, type Acknowledged } from '../load/witnesses.ts';

const SENDERS = 6;
const APP = 'com.bench.crash';

/** What one crash came to. */
interface Crash {
  kind: 'everything' | 'server';
  acknowledgedEvents: number;
  acknowledgedApps: number;
  restoredEvents: number;
  /** Found neither in the crashed directory nor twice anywhere: must be 0. */
  lostOnDisk: number;
  doubled: number;
  /** From the oldest write that the replica lacks to the crash. */
  telemetryLossS: number;
  coreLossS: number;
  restoreS: number;
  firstAnswerS: number;
}

/** Kills a loaded server, with or without its children, and restores it elsewhere from its replica. */
export const crashCase: BenchCase = {
  name: 'crash',
  about: 'kill -9 under load, then a restore elsewhere: what came back, seconds of loss, time to the first answer',
  async run(bench) {
    const crashes: Crash[] = [];
    for (let round = 0; round < bench.scale.crashes; round += 1) {
      const kind = round % 2 === 0 ? 'everything' : 'server';
      say(`crash ${round + 1} of ${bench.scale.crashes}: kill -9 of ${kind === 'server' ? 'the server alone' : kind}`);
      crashes.push(await crash(bench, kind));
    }
    report(bench, crashes);
  },
};

async function crash(bench: Bench, kind: Crash['kind']): Promise<Crash> {
  const dataDir = bench.emptyFolder('crash-data');
  const environment = { BACKUP_URL: pathToFileURL(bench.emptyFolder('crash-replica')).href };
  const witnesses = new Witnesses();
  let server = await RealServer.start(dataDir, { environment, replicated: true });
  bench.atEnd(() => killAll(server));
  const [app] = await server.makeApps([APP]);
  if (app === undefined) throw new Error('The app was not made.');
  const load = (of: RealServer) =>
    Promise.all([
      witnesses.makeApps(of),
      ...Array.from({ length: SENDERS }, (_, sender) => witnesses.sendBatches(of, app, `device ${sender}`)),
    ]);
  let loading = load(server);
  await delay(bench.scale.crashLoadMs);
  if (kind === 'server') {
    // Its children outlive it; the next server starts beside the orphan, and is loaded as well.
    await server.kill();
    await loading;
    server = await RealServer.start(dataDir, { environment, replicated: true });
    loading = load(server);
    await delay(bench.scale.crashLoadMs);
  }
  const crashedMs = performance.now();
  await killAll(server);
  await loading;
  if (witnesses.batches.length === 0 || witnesses.apps.length === 0)
    throw new Error('Nothing was written before the crash.');

  const to = join(bench.emptyFolder('crash-restored'), 'data');
  const restoreS = await runMosis(['restore', '--to', to], { ...environment, DATA_DIR: dataDir });
  const startedMs = performance.now();
  let firstAnswerS = Number.NaN;
  const restored = await RealServer.start(to, {
    environment: { BACKUP_URL: pathToFileURL(bench.emptyFolder('crash-next')).href },
    replicated: true,
    onAnswer: () => (firstAnswerS = (performance.now() - startedMs) / 1000),
  });
  await restored.stop();
  const [here, there] = [readStored(dataDir), readStored(to)];
  return {
    kind,
    acknowledgedEvents: sum(witnesses.batches),
    acknowledgedApps: witnesses.apps.length,
    restoredEvents: there.events,
    lostOnDisk: missing(witnesses.batches, here.batches).length + missing(witnesses.apps, here.apps).length,
    doubled: Math.max(0, there.events - there.accepted) + Math.max(0, here.events - here.accepted),
    telemetryLossS: lossSeconds(missing(witnesses.batches, there.batches), crashedMs),
    coreLossS: lossSeconds(missing(witnesses.apps, there.apps), crashedMs),
    restoreS,
    firstAnswerS,
  };
}

async function killAll(server: RealServer): Promise<void> {
  const children = findDescendants(server.pid);
  signalAll(children, 'SIGKILL');
  if (server.child.exitCode === null && server.child.signalCode === null) await server.kill();
}

/** What a data directory holds: batches of its ledgers, raw rows, what receipts say was accepted, and apps. */
function readStored(dataDir: string) {
  const telemetry = new Database(telemetryDatabasePath(dataDir), { readonly: true });
  const tables = (pattern: string) =>
    telemetry.prepare('SELECT name FROM sqlite_schema WHERE name GLOB ?').pluck().all(pattern) as string[];
  const batches = new Set(
    tables('ledger_*').flatMap(
      (table) => telemetry.prepare(`SELECT lower(hex(batch_id)) FROM ${table}`).pluck().all() as string[],
    ),
  );
  const events = tables('events_*').reduce(
    (total, table) => total + (telemetry.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number),
    0,
  );
  const accepted = (telemetry.prepare('SELECT sum(accepted) FROM receipts').pluck().get() as number | null) ?? 0;
  telemetry.close();
  const core = new Database(join(dataDir, 'core.db'), { readonly: true });
  const apps = new Set(core.prepare('SELECT package_id FROM apps').pluck().all() as string[]);
  core.close();
  return { batches, events, accepted, apps };
}

function missing(acknowledged: readonly Acknowledged[], stored: ReadonlySet<string>): Acknowledged[] {
  return acknowledged.filter(({ id }) => !stored.has(id) && !stored.has(id.replaceAll('-', '')));
}

function lossSeconds(lost: readonly Acknowledged[], crashedMs: number): number {
  return lost.length === 0 ? 0 : (crashedMs - Math.min(...lost.map(({ atMs }) => atMs))) / 1000;
}

function sum(acknowledged: readonly Acknowledged[]): number {
  return acknowledged.reduce((total, { count }) => total + count, 0);
}

function report({ report }: Bench, crashes: Crash[]): void {
  const total = (of: (crash: Crash) => number) => crashes.reduce((all, one) => all + of(one), 0);
  const many = (value: number) => value.toLocaleString('en');
  report.add({
    what: 'acknowledged writes that the crashed directory lacks or has twice',
    unit: '',
    values: [total(({ lostOnDisk, doubled }) => lostOnDisk + doubled)],
    target: { atMost: 0 },
    note:
      `${crashes.length} crashes, ${crashes.filter(({ kind }) => kind === 'server').length} of the server alone; ` +
      `${many(total(({ acknowledgedEvents }) => acknowledgedEvents))} events and ${many(total(({ acknowledgedApps }) => acknowledgedApps))} apps ` +
      `acknowledged, ${many(total(({ restoredEvents }) => restoredEvents))} events came back elsewhere`,
  });
  report.add({
    what: 'seconds of events that a restore elsewhere lacks',
    unit: 's',
    values: crashes.map(({ telemetryLossS }) => telemetryLossS),
    target: { atMost: 2 },
  });
  report.add({
    what: 'seconds of core.db that a restore elsewhere lacks',
    unit: 's',
    values: crashes.map(({ coreLossS }) => coreLossS),
    target: { atMost: 2 },
  });
  report.add({ what: 'mosis restore', unit: 's', values: crashes.map(({ restoreS }) => restoreS) });
  report.add({
    what: 'from the start in the restored directory to its first answer',
    unit: 's',
    values: crashes.map(({ firstAnswerS }) => firstAnswerS),
    target: { atMost: 3 },
  });
}
