import type { BenchDeveloper } from '../lib/developer.ts';
import { makePackage } from '../lib/packages.ts';
import type { Random } from '../lib/random.ts';
import { Connection } from './connection.ts';

/** What a version goes through, in this order: a developer's steps, a reviewer's, and a device's look at the end. */
export const STEPS = ['create', 'upload', 'submit', 'queue', 'look', 'approve', 'publish', 'page'] as const;
export type Step = (typeof STEPS)[number];

/** Counts what came of requests. */
export interface LifeCycleTally {
  /** Milliseconds of each request that was answered as it should be. */
  stepsMs: Record<Step, number[]>;
  /** Answers that end a life cycle, by step and status. */
  refused: Record<string, number>;
}

const PACKAGE_BYTES = 24_000;
const EXPECTED: Record<Step, number> = {
  create: 201,
  upload: 201,
  submit: 200,
  queue: 200,
  look: 200,
  approve: 200,
  publish: 200,
  page: 200,
};

export function emptyTally(): LifeCycleTally {
  const stepsMs = Object.fromEntries(STEPS.map((step) => [step, [] as number[]])) as Record<Step, number[]>;
  return { stepsMs, refused: {} };
}

/** An app on its way, and the step it is at. */
interface Life {
  packageId: string;
  bytes: Buffer;
  step: number;
  reviewId: string;
}

/** How a client goes about it for a while. */
export interface LifeCycleRun {
  port: number;
  tally: LifeCycleTally;
  isOver: () => boolean;
  pause: () => Promise<void>;
}

/** One client: it makes an app, brings it through review into the store, and begins anew with the next app. */
export class LifeCycleClient {
  readonly #index: number;
  readonly #developer: BenchDeveloper;
  readonly #reviewerCookie: string;
  readonly #stock: Life[] = [];
  #life: Life | undefined;
  #made = 0;

  constructor(index: number, developer: BenchDeveloper, reviewerCookie: string) {
    this.#index = index;
    this.#developer = developer;
    this.#reviewerCookie = reviewerCookie;
  }

  /** Builds packages beforehand, so that building them is not in what is measured. */
  async stockUp(packages: number): Promise<void> {
    while (this.#stock.length < packages) this.#stock.push(await this.#begin());
  }

  /**
   * Takes step after step until it is over, from where the last run ended, so that short runs meet clients at every step.
   *
   * @throws when the connection breaks
   */
  async run({ port, tally, isOver, pause }: LifeCycleRun): Promise<void> {
    const connection = await Connection.open(port);
    try {
      for (;;) {
        await pause();
        if (isOver()) return;
        await this.#step(connection, tally);
      }
    } finally {
      connection.close();
    }
  }

  async #step(connection: Connection, tally: LifeCycleTally): Promise<void> {
    const life = (this.#life ??= this.#stock.shift() ?? (await this.#begin()));
    const step = STEPS[life.step] as Step;
    const sentMs = performance.now();
    const { status, body } = await connection.send(...this.#requestOf(step, life));
    if (status !== EXPECTED[step]) {
      const what = `${step} ${status}`;
      tally.refused[what] = (tally.refused[what] ?? 0) + 1;
      this.#life = undefined;
      return;
    }
    tally.stepsMs[step].push(performance.now() - sentMs);
    if (step === 'queue') life.reviewId = reviewIn(body, life.packageId);
    life.step += 1;
    if (life.step < STEPS.length) return;
    this.#life = undefined;
  }

  #requestOf(step: Step, { packageId, bytes, reviewId }: Life): [head: string, body: Buffer] {
    const { cookie } = this.#developer;
    const reviewer = this.#reviewerCookie;
    const version = `/v1/apps/${packageId}/versions`;
    switch (step) {
      case 'create':
        return requestOf('POST', '/v1/apps', cookie, listingOf(packageId));
      case 'upload':
        return requestOf('POST', version, cookie, bytes);
      case 'submit':
        return requestOf('POST', `${version}/1/submit`, cookie);
      case 'queue':
        return requestOf('GET', `/v1/admin/reviews?status=pending&q=${packageId}`, reviewer);
      case 'look':
        return requestOf('GET', `/v1/admin/reviews/${reviewId}`, reviewer);
      case 'approve':
        return requestOf('POST', `/v1/admin/reviews/${reviewId}/decision`, reviewer, { decision: 'approve' });
      case 'publish':
        return requestOf('POST', `${version}/1/publish`, cookie);
      case 'page':
        return requestOf('GET', `/v1/store/apps/${packageId}`, undefined);
    }
  }

  async #begin(): Promise<Life> {
    const packageId = `com.bench.life${this.#index}.app${(this.#made += 1)}`;
    const { privateKeyPem } = this.#developer;
    const bytes = await makePackage({ packageId, versionCode: 1, sizeBytes: PACKAGE_BYTES, privateKeyPem });
    return { packageId, bytes, step: 0, reviewId: '' };
  }
}

/** Waits between nothing and twice the mean, as people and build machines do; a mean of 0 does not wait at all. */
export function pauseOf(meanMs: number, random: Random): () => Promise<void> {
  if (meanMs === 0) return async () => undefined;
  return async () => new Promise((resolve) => setTimeout(resolve, random.next() * 2 * meanMs));
}

function requestOf(
  method: string,
  path: string,
  cookie: string | undefined,
  content?: Buffer | object,
): [head: string, body: Buffer] {
  const isPackage = Buffer.isBuffer(content);
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    'connection: keep-alive',
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
    ...(content ? [`content-type: application/${isPackage ? 'octet-stream' : 'json'}`] : []),
    '',
  ];
  return [head.join('\r\n'), isPackage ? content : Buffer.from(content ? JSON.stringify(content) : '')];
}

function listingOf(packageId: string): object {
  return {
    package_id: packageId,
    name: `Life ${packageId.slice(-20)}`,
    description: 'An app that comes into the store while much else goes on: tides, timers and a garden that grows.',
    category: 'tools',
    tags: ['tide', 'timer', 'garden'],
  };
}

function reviewIn(body: string, packageId: string): string {
  const { items } = JSON.parse(body) as { items: { id: string; package_id: string }[] };
  const found = items.find(({ package_id }) => package_id === packageId);
  if (!found) throw new Error(`The queue of reviews does not have ${packageId}.`);
  return found.id;
}
