import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { Progress, say } from '../lib/progress.ts';
import { residentBytes } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import type { SoakAnswer, SoakOrder } from '../lib/soak-server.ts';
import { median } from '../lib/statistics.ts';
import { LoadGenerator } from '../load/load.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { PeopleOrder, PeopleResult } from '../load/people-process.ts';
import { pollBodies } from '../load/polls.ts';
import { visit } from '../load/visitors.ts';
import { copyStore } from '../seed/store/store-copy.ts';
import { openStore, type StoreDataset } from '../seed/store/store-dataset.ts';
import { reportSoak, type SoakHour } from './soak-report.ts';

const PROGRAM = fileURLToPath(new URL('../lib/soak-server.ts', import.meta.url));
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The clock is put forward so often in an hour; between two, a simulated second is a real one. */
const STEPS_PER_HOUR = 12;
const EVENTS_PER_SECOND = 2_000;
const EVENTS_PER_BATCH = 20;
const POLLS_PER_SECOND = 20;
const PAUSES = { searchMs: 100, signInMs: 500 };
const REST_MS = 5_000;
const NIGHT_LOOK_MS = 500;

/** What the system page says of work that repeats; what runs now has no next time. */
interface System {
  repeating_jobs: { next_run_at: string | null }[];
}

/** A day of steady use in minutes, and whether the server's memory grows meanwhile. */
export const soakCase: BenchCase = {
  name: 'soak',
  about: 'memory over simulated hours of events, polls, searches and sign-ins; 24 hours at full',
  async run(bench) {
    const dataset = await openStore(bench);
    const dataDir = copyStore(bench, dataset);
    const server = await RealServer.start(dataDir, { program: PROGRAM });
    bench.atEnd(() => server.stop());
    await delay(REST_MS);
    const idleBefore = residentBytes(server.pid) ?? Number.NaN;
    const soak = await Soak.make(bench, server, dataset);
    const { soakHours, soakHourMs } = bench.scale;
    say('a first night: what is done once a day, and moving the audit rows of years');
    const nightSeconds = await soak.night();
    say(`${soakHours} simulated hours`);
    const progress = new Progress('hours', soakHours);
    const hours: SoakHour[] = [];
    for (let hour = 1; hour <= soakHours; hour += 1) {
      hours.push(await soak.hour(soakHourMs));
      progress.at(hour);
    }
    await delay(REST_MS);
    const idleAfter = residentBytes(server.pid) ?? Number.NaN;
    reportSoak(bench.report, hours, { idleBefore, idleAfter, restSeconds: REST_MS / 1000, nightSeconds });
    await server.stop();
    assertTimePassed(dataDir, 36 + soakHours);
  },
};

/** What the server wrote last must be as many hours ahead as were simulated, or nothing of this says anything. */
function assertTimePassed(dataDir: string, hours: number): void {
  const db = new Database(coreDatabasePath(dataDir), { readonly: true });
  const newest = db.prepare('SELECT max(created_at) FROM sessions').pluck().get() as string;
  db.close();
  const aheadHours = (Date.parse(newest) - Date.now()) / HOUR_MS;
  if (aheadHours < hours - 1) throw new Error(`The server is ${aheadHours.toFixed(1)} hours ahead, not ${hours}.`);
}

/** Everybody who uses the server, and its clock. */
class Soak {
  readonly #server: RealServer;
  readonly #devices = new LoadGenerator();
  readonly #people = new LoadProcess<PeopleOrder, PeopleResult>('./people-process.ts');
  readonly #words: string[];
  readonly #events: Omit<Parameters<LoadGenerator['run']>[0], 'durationMs'>;
  readonly #polls: NonNullable<PeopleOrder['polls']>;

  private constructor(
    server: RealServer,
    seed: number,
    dataset: StoreDataset,
    apps: Awaited<ReturnType<RealServer['makeApps']>>,
  ) {
    this.#server = server;
    this.#words = dataset.samples.words;
    this.#polls = { perSecond: POLLS_PER_SECOND, connections: 4, bodies: pollBodies(seed, dataset.samples.packageIds) };
    this.#events = {
      port: server.port,
      apps,
      connections: 16,
      devices: 2_000,
      eventsPerBatch: EVENTS_PER_BATCH,
      encoding: 'gzip',
      rate: EVENTS_PER_SECOND / EVENTS_PER_BATCH,
      seed,
    };
  }

  static async make(bench: Bench, server: RealServer, dataset: StoreDataset): Promise<Soak> {
    const apps = await server.makeApps(['com.bench.first', 'com.bench.second', 'com.bench.third']);
    const soak = new Soak(server, bench.seed, dataset, apps);
    bench.atEnd(() => soak.#devices.close());
    bench.atEnd(() => soak.#people.close());
    return soak;
  }

  /** A day and half a day pass without users; resolves with the seconds that everything took that is done once a day. */
  async night(): Promise<number> {
    const startedAt = performance.now();
    await this.#forward(DAY_MS);
    const morning = new Date(Date.now() + DAY_MS);
    for (;;) {
      // What is committed makes the server look for work that is due.
      await this.#server.signIn();
      const { repeating_jobs: jobs } = JSON.parse(await this.#server.get('/v1/admin/system')) as System;
      if (jobs.every((job) => job.next_run_at !== null && new Date(job.next_run_at) > morning)) break;
      await delay(NIGHT_LOOK_MS);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    // The next night comes in the middle of the hours.
    await this.#forward(DAY_MS / 2);
    return seconds;
  }

  /** One simulated hour of everything. */
  async hour(durationMs: number): Promise<SoakHour> {
    let isOver = false;
    const memory = this.#passHour(durationMs).finally(() => (isOver = true));
    const [{ residents, heaps }, events, polls, visits] = await Promise.all([
      memory,
      this.#devices.run({ ...this.#events, durationMs }),
      this.#people.run({ port: this.#server.port, seed: 1, durationMs, polls: this.#polls }),
      visit(this.#server, this.#words, PAUSES, () => isOver),
    ]);
    return {
      residentBytes: median(residents),
      // What a collection left: the least of what was seen is the nearest to it.
      heapUsedBytes: Math.min(...heaps),
      events: events.accepted,
      polls: polls.pollsMs.length,
      searches: visits.searches,
      signIns: visits.signIns,
      refused: [events.failures, polls.pollsRefused, visits.refused],
    };
  }

  async #passHour(durationMs: number): Promise<{ residents: number[]; heaps: number[] }> {
    const residents: number[] = [];
    const heaps: number[] = [];
    for (let step = 0; step < STEPS_PER_HOUR; step += 1) {
      await delay(durationMs / STEPS_PER_HOUR);
      residents.push(residentBytes(this.#server.pid) ?? Number.NaN);
      heaps.push((await this.#forward((HOUR_MS - durationMs) / STEPS_PER_HOUR)).heapUsedBytes);
    }
    return { residents, heaps };
  }

  async #forward(forwardMs: number): Promise<SoakAnswer> {
    const { child } = this.#server;
    const answered = once(child, 'message') as Promise<[SoakAnswer]>;
    child.send({ forwardMs } satisfies SoakOrder);
    return (await answered)[0];
  }
}
