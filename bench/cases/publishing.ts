import type { Bench, BenchCase } from '../lib/bench.ts';
import { makeDeveloper, type BenchDeveloper } from '../lib/developer.ts';
import { say } from '../lib/progress.ts';
import { withBusyShares } from '../lib/processor.ts';
import { peakResidentBytes, residentBytes } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import type { LoadedApp } from '../load/batches.ts';
import { LoadGenerator, type LoadSummary } from '../load/load.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { PeopleOrder, PeopleResult } from '../load/people-process.ts';
import { INSTALLED_APPS, pollBodies } from '../load/polls.ts';
import { copyStore } from '../seed/store/store-copy.ts';
import { openStore, type StoreDataset } from '../seed/store/store-dataset.ts';
import { reportPublishing, type Round } from './publishing-report.ts';

const CLIENTS = 50;
const SIGN_UPS_AT_ONCE = 4;
/** Before each request of a client: eight requests are a life cycle, so that fifty clients finish some six a second. */
const PAUSE_MS = 1_000;
const POLLS_PER_SECOND = 50;
const EVENTS_PER_SECOND = 20_000;
const EVENTS_PER_BATCH = 50;
const TELEMETRY_APPS = ['com.bench.first', 'com.bench.second', 'com.bench.third'];
/** Packages that a client has ready when it never pauses, by second. */
const EAGER_PACKAGES_PER_SECOND = 1;
const WARM_UP_MS = 1_000;

/** Life cycles, polls for updates and events: each alone, then all at once, on a store of the asked scale. */
export const publishingCase: BenchCase = {
  name: 'publishing',
  about: `${CLIENTS} clients from new app to published while devices poll and ${EVENTS_PER_SECOND.toLocaleString('en')} events/s stream in`,
  async run(bench) {
    const dataset = await openStore(bench);
    const server = await RealServer.start(copyStore(bench, dataset));
    bench.atEnd(() => server.stop());
    const load = await PublishingLoad.make(bench, server, dataset);
    const idleBytes = residentBytes(server.pid);
    const rounds: Round[] = [];
    say(`life cycles, polls and events: ${bench.scale.rounds} rounds`);
    await load.together(WARM_UP_MS);
    for (let round = 0; round < bench.scale.rounds; round += 1) rounds.push(await load.round(bench.scale.roundMs));
    reportPublishing(bench.report, rounds, {
      clients: CLIENTS,
      pauseMs: PAUSE_MS,
      pollsPerSecond: POLLS_PER_SECOND,
      installedApps: INSTALLED_APPS,
      eventsPerSecond: EVENTS_PER_SECOND,
      idleBytes,
      peakBytes: peakResidentBytes(server.pid),
    });
    await server.stop();
  },
};

interface Crowd {
  seed: number;
  server: RealServer;
  /** What events are of. */
  apps: LoadedApp[];
  developers: BenchDeveloper[];
  /** What devices ask when they poll. */
  bodies: string[];
}

/** Everybody who asks something of the server, in two processes beside it. */
class PublishingLoad {
  readonly #people = new LoadProcess<PeopleOrder, PeopleResult>('./people-process.ts');
  readonly #devices = new LoadGenerator();

  readonly #of: Crowd;

  private constructor(of: Crowd) {
    this.#of = of;
  }

  static async make(bench: Bench, server: RealServer, dataset: StoreDataset): Promise<PublishingLoad> {
    say(`${CLIENTS} developers sign up`);
    const developers = await signUp(server);
    const apps = await server.makeApps(TELEMETRY_APPS);
    const load = new PublishingLoad({
      seed: bench.seed,
      server,
      apps,
      developers,
      bodies: pollBodies(bench.seed, dataset.samples.packageIds),
    });
    bench.atEnd(() => load.#people.close());
    bench.atEnd(() => load.#devices.close());
    return load;
  }

  /** Each thing alone, then all at once, so that a slow minute of the machine is everybody's. */
  async round(durationMs: number): Promise<Round> {
    const eagerAlone = await this.#people.run({ ...this.#common(durationMs), lifeCycles: this.#eager(durationMs) });
    const { pid } = this.#of.server;
    const lifeCyclesAlone = await withBusyShares(pid, () =>
      this.#people.run({ ...this.#common(durationMs), lifeCycles: this.#lifeCycles(durationMs) }),
    );
    const pollsAlone = await withBusyShares(pid, () =>
      this.#people.run({ ...this.#common(durationMs), polls: this.#polls }),
    );
    const eventsAlone = await withBusyShares(pid, () => this.#events(durationMs));
    const together = await withBusyShares(pid, () => this.together(durationMs));
    const [people, events] = together.result;
    const [eager] = await this.#beside(durationMs, this.#eager(durationMs));
    return {
      eagerAlone,
      eager,
      lifeCyclesAlone: lifeCyclesAlone.result,
      pollsAlone: pollsAlone.result,
      eventsAlone: eventsAlone.result,
      people,
      events,
      busy: { together: together.busy, alone: [lifeCyclesAlone.busy, pollsAlone.busy, eventsAlone.busy] },
    };
  }

  /** Life cycles, polls and events at the same time. */
  async together(durationMs: number): Promise<[PeopleResult, LoadSummary]> {
    return this.#beside(durationMs, this.#lifeCycles(durationMs));
  }

  async #beside(
    durationMs: number,
    lifeCycles: NonNullable<PeopleOrder['lifeCycles']>,
  ): Promise<[PeopleResult, LoadSummary]> {
    return Promise.all([
      this.#people.run({ ...this.#common(durationMs), lifeCycles, polls: this.#polls }),
      this.#events(durationMs),
    ]);
  }

  #common(durationMs: number): Pick<PeopleOrder, 'port' | 'durationMs' | 'seed'> {
    return { port: this.#of.server.port, durationMs, seed: this.#of.seed };
  }

  #lifeCycles(durationMs: number, pauseMs = PAUSE_MS): NonNullable<PeopleOrder['lifeCycles']> {
    const stock = Math.ceil(durationMs / (pauseMs * 4)) + 1;
    return { developers: this.#of.developers, reviewerCookie: this.#of.server.cookie, pauseMs, stock };
  }

  #eager(durationMs: number): NonNullable<PeopleOrder['lifeCycles']> {
    const stock = Math.ceil((durationMs / 1000) * EAGER_PACKAGES_PER_SECOND) + 1;
    return { ...this.#lifeCycles(durationMs), pauseMs: 0, stock };
  }

  get #polls(): NonNullable<PeopleOrder['polls']> {
    return { perSecond: POLLS_PER_SECOND, connections: 8, bodies: this.#of.bodies };
  }

  async #events(durationMs: number): Promise<LoadSummary> {
    return this.#devices.run({
      port: this.#of.server.port,
      apps: this.#of.apps,
      connections: 48,
      devices: 2_000,
      eventsPerBatch: EVENTS_PER_BATCH,
      encoding: 'gzip',
      rate: EVENTS_PER_SECOND / EVENTS_PER_BATCH,
      durationMs,
      seed: this.#of.seed,
    });
  }
}

/** A few at a time: passwords are slow to hash on purpose, and use the memory for it. */
async function signUp(server: RealServer): Promise<BenchDeveloper[]> {
  const developers: BenchDeveloper[] = [];
  let next = 0;
  const worker = async () => {
    while (next < CLIENTS) developers.push(await makeDeveloper(server, `life-cycle-${(next += 1)}`));
  };
  await Promise.all(Array.from({ length: SIGN_UPS_AT_ONCE }, worker));
  return developers;
}
