import { setTimeout as delay } from 'node:timers/promises';
import { createReadStream } from 'node:fs';
import { coreDatabasePath } from '@mosis/db';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { BareServer } from '../baselines/bare.ts';
import { runMosis } from '../lib/mosis.ts';
import { say } from '../lib/progress.ts';
import { residentBytes } from '../lib/resident.ts';
import { scalesUpTo } from '../lib/scales.ts';
import { RealServer } from '../lib/server.ts';
import { median, quantile, timed, timedEach } from '../lib/statistics.ts';
import { askFor, type Ask } from '../load/getter.ts';
import { openStore, type StoreDataset } from '../seed/store/store-dataset.ts';
import { OpenStore, type Question } from './store-questions.ts';

const ASKS_PER_SCALE_ASK = 20;
const KEY_CHECKS = 5_000;
const CONNECTIONS = 8;
const LOGINS_AT_ONCE = 16;
/** Longer than the server waits before it gives memory back. */
const IDLE_MS = 20_000;

/** The questions the data model exists for, at every scale up to the one that was asked for, in process and over HTTP. */
export const storeCase: BenchCase = {
  name: 'store',
  about: 'look-ups, lists and search of core.db, in process and over HTTP; start, memory, key check, audit chain',
  async run(bench) {
    const medians = new Map<string, number[]>();
    let dataset: StoreDataset | undefined;
    for (const name of scalesUpTo(bench.scale)) {
      dataset = await openStore(bench, name);
      await measureInProcess(bench, dataset, medians);
    }
    if (!dataset) return;
    await measureHttp(bench, dataset);
    await measureAudit(bench, dataset);
  },
};

async function measureInProcess(bench: Bench, dataset: StoreDataset, smaller: Map<string, number[]>): Promise<void> {
  await readThrough(coreDatabasePath(dataset.folder));
  const store = new OpenStore(dataset);
  bench.atEnd(() => store.close());
  const apps = dataset.apps.toLocaleString('en');
  say(`questions to ${apps} apps, in process`);
  for (const { what, targetMs, ask } of store.questions) {
    await ask(0);
    const values = await timedEach(bench.scale.asks * ASKS_PER_SCALE_ASK, (round) => ask(round + 1));
    const before = smaller.get(what);
    bench.report.add({
      what: `${what}, ${apps} apps`,
      unit: 'ms',
      values,
      curve: { series: what.split(',')[0] as string, size: dataset.apps, of: 'apps' },
      note: `p99 ${quantile(values, 0.99).toFixed(2)} ms`,
      ...(before ? { baseline: { what: 'the same at a tenth', values: before } } : {}),
    });
    bench.report.add({
      what: `  p99`,
      unit: 'ms',
      values: [quantile(values, 0.99)],
      target: { atMost: targetMs },
    });
    smaller.set(what, [median(values)]);
  }
  const { ms } = await timed(async () => {
    for (let round = 0; round < KEY_CHECKS; round += 1) await store.checkKey(dataset.apiKey);
  });
  bench.report.add({
    what: `check of an API key, ${dataset.apiKeys.toLocaleString('en')} keys`,
    unit: 'µs',
    values: [(ms / KEY_CHECKS) * 1000],
    target: { atMost: 50 },
  });
}

/** Brings a file into the page cache, as far as it fits there: what is measured is the server, not what else was read before. */
async function readThrough(file: string): Promise<void> {
  for await (const _ of createReadStream(file, { highWaterMark: 4 * 1024 * 1024 }));
}

async function measureHttp(bench: Bench, dataset: StoreDataset): Promise<void> {
  const startedMs = performance.now();
  let firstAnswerS = Number.NaN;
  const server = await RealServer.start(dataset.folder, {
    onAnswer: () => (firstAnswerS = (performance.now() - startedMs) / 1000),
  });
  bench.atEnd(() => server.stop());
  bench.report.add({ what: 'start to first answer', unit: 's', values: [firstAnswerS], target: { atMost: 3 } });
  bench.report.add({
    what: 'resident, before any question',
    unit: 'MB',
    values: [(residentBytes(server.pid) ?? Number.NaN) / 1e6],
    target: { atMost: 150 },
  });
  await reportIdle(bench, server);
  const beside = {
    bare: await BareServer.startStore(dataset.folder),
    nest: await BareServer.startNestStore(dataset.folder),
  };
  for (const one of Object.values(beside)) bench.atEnd(() => one.stop());
  const questions = new OpenStore(dataset);
  bench.atEnd(() => questions.close());
  for (const question of questions.questions) await measureQuestion(bench, dataset, server, beside, question);
  await measureLogins(bench, server, questions.questions);
  await server.stop();
}

/** What a server at rest has resident, beside one that has nothing stored: the difference is what the size costs. */
async function reportIdle(bench: Bench, server: RealServer): Promise<void> {
  say('at rest, beside a server on an empty data directory');
  const empty = await RealServer.start(bench.emptyFolder('empty'));
  bench.atEnd(() => empty.stop());
  await delay(IDLE_MS);
  const [full, nothing] = [server, empty].map(({ pid }) => (residentBytes(pid) ?? Number.NaN) / 1e6);
  await empty.stop();
  const what = `resident, at rest for ${IDLE_MS / 1000} s or more`;
  const target = { atMost: 150 };
  bench.report.add({
    what,
    unit: 'MB',
    values: [full as number],
    target,
    baseline: { what: 'on an empty data directory', values: [nothing as number] },
  });
  bench.report.add({ what: '  on an empty data directory', unit: 'MB', values: [nothing as number], target });
}

async function measureQuestion(
  bench: Bench,
  { apiKey }: StoreDataset,
  server: RealServer,
  beside: { bare: BareServer; nest: BareServer },
  { what, targetMs, httpPath, barePath, as }: Question,
): Promise<void> {
  if (!httpPath || !barePath) return;
  say(`${what}, over HTTP`);
  const headers: Record<string, string> =
    as === 'key' ? { 'x-api-key': apiKey } : as === 'admin' ? { cookie: server.cookie } : {};
  const ours: Ask = { port: server.port, pathOf: httpPath, headers };
  const theirs = ({ port }: BareServer): Ask => ({ port, pathOf: barePath });
  const { rounds, roundMs } = bench.scale;
  const alone = await askFor(ours, 1, roundMs);
  bench.report.add({
    what: `http: ${what}, p99 of one connection`,
    unit: 'ms',
    values: [quantile(alone.latenciesMs, 0.99)],
    target: { atMost: targetMs },
    note: `p50 ${median(alone.latenciesMs).toFixed(2)} ms, ${alone.latenciesMs.length} answers`,
  });
  const [mine, bares, nests]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    mine.push((await askFor(ours, CONNECTIONS, roundMs)).perSecond);
    bares.push((await askFor(theirs(beside.bare), CONNECTIONS, roundMs)).perSecond);
    nests.push((await askFor(theirs(beside.nest), CONNECTIONS, roundMs)).perSecond);
  }
  bench.report.add({
    what: `http: ${what}, ${CONNECTIONS} connections`,
    unit: 'answers/s',
    values: mine,
    baseline: { what: 'a bare Fastify route', values: bares, target: { atLeast: 0.6 } },
  });
  bench.report.add({
    what: '  the bare route as one of Nest’s, with nothing else',
    unit: 'answers/s',
    values: nests,
    baseline: { what: 'a bare Fastify route', values: bares },
  });
}

/** Sign-ins are slow on purpose; what others ask meanwhile is not. */
async function measureLogins(bench: Bench, server: RealServer, questions: readonly Question[]): Promise<void> {
  const { httpPath } = questions.find(({ what }) => what.startsWith('app with')) as Question;
  const ask: Ask = { port: server.port, pathOf: httpPath as (round: number) => string };
  const quiet = await askFor(ask, 1, bench.scale.roundMs);
  let isOver = false;
  const loginsMs: number[] = [];
  const signingIn = Array.from({ length: LOGINS_AT_ONCE }, async () => {
    while (!isOver) loginsMs.push((await timed(() => server.signIn())).ms);
  });
  const busy = await askFor(ask, 1, bench.scale.roundMs).finally(() => (isOver = true));
  await Promise.all(signingIn);
  bench.report.add({
    what: `http: p99 of a store page while ${LOGINS_AT_ONCE} people sign in all the time`,
    unit: 'ms',
    values: [quantile(busy.latenciesMs, 0.99)],
    baseline: { what: 'its p99 without', values: [quantile(quiet.latenciesMs, 0.99)] },
    note: `a sign-in takes ${median(loginsMs).toFixed(0)} ms`,
  });
}

async function measureAudit(bench: Bench, { folder, auditRows }: StoreDataset): Promise<void> {
  say(`verifying the chain of ${auditRows.toLocaleString('en')} audit rows`);
  const seconds = await runMosis(['audit', 'verify'], { DATA_DIR: folder });
  bench.report.add({
    what: 'mosis audit verify',
    unit: 's',
    values: [seconds],
    note: `${Math.round(auditRows / seconds).toLocaleString('en')} rows/s, with its start`,
  });
}
