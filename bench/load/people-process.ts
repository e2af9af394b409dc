/** The process that plays developers, a reviewer, and devices that ask for updates. */
import type { BenchDeveloper } from '../lib/developer.ts';
import { Random } from '../lib/random.ts';
import { Connection } from './connection.ts';
import { emptyTally, LifeCycleClient, pauseOf, type LifeCycleTally } from './life-cycle.ts';
import { answerOrders } from './load-process.ts';

/** Who does what, for how long; either may be left out. */
export interface PeopleOrder {
  port: number;
  durationMs: number;
  seed: number;
  lifeCycles?: {
    /** One client each. */
    developers: BenchDeveloper[];
    reviewerCookie: string;
    /** Mean pause before a request, milliseconds. */
    pauseMs: number;
    /** Packages that each client has ready. */
    stock: number;
  };
  polls?: { perSecond: number; connections: number; bodies: string[] };
}

/** What came of it. */
export interface PeopleResult {
  durationMs: number;
  lifeCycles: LifeCycleTally;
  pollsMs: number[];
  /** Polls that were answered otherwise, by status. */
  pollsRefused: Record<string, number>;
}

const clients = new Map<string, LifeCycleClient>();

answerOrders(async (order: PeopleOrder): Promise<PeopleResult> => {
  const { port, durationMs, seed, lifeCycles, polls } = order;
  const result: PeopleResult = { durationMs: 0, lifeCycles: emptyTally(), pollsMs: [], pollsRefused: {} };
  const living = lifeCycles ? await readyClients(lifeCycles) : [];
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;
  const isOver = () => performance.now() >= endMs;
  await Promise.all([
    ...living.map(async (client, index) =>
      client.run({
        port,
        tally: result.lifeCycles,
        isOver,
        pause: pauseOf(lifeCycles?.pauseMs ?? 0, new Random(seed + index)),
      }),
    ),
    ...(polls ? pollers(port, polls, { startedMs, endMs }, result) : []),
  ]);
  result.durationMs = performance.now() - startedMs;
  return result;
});

/** A client goes on where it was: what it made once is taken. */
async function readyClients(order: NonNullable<PeopleOrder['lifeCycles']>): Promise<LifeCycleClient[]> {
  const ready: LifeCycleClient[] = [];
  for (const [index, developer] of order.developers.entries()) {
    let client = clients.get(developer.cookie);
    if (!client) {
      client = new LifeCycleClient(index, developer, order.reviewerCookie);
      clients.set(developer.cookie, client);
    }
    await client.stockUp(order.stock);
    ready.push(client);
  }
  return ready;
}

/** Devices that ask at times fixed beforehand, so that a slow answer does not hide the polls it held up. */
function pollers(
  port: number,
  { perSecond, connections, bodies }: NonNullable<PeopleOrder['polls']>,
  { startedMs, endMs }: { startedMs: number; endMs: number },
  result: PeopleResult,
): Promise<void>[] {
  const requests = bodies.map((body) => Buffer.from(body));
  const head =
    'POST /v1/store/updates HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: keep-alive\r\ncontent-type: application/json\r\n';
  let due = 0;
  return Array.from({ length: connections }, async () => {
    const connection = await Connection.open(port);
    try {
      for (;;) {
        const turn = due++;
        const dueMs = startedMs + (turn * 1000) / perSecond;
        if (dueMs >= endMs) return;
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        const { status } = await connection.send(head, requests[turn % requests.length] as Buffer);
        if (status === 200) result.pollsMs.push(performance.now() - dueMs);
        else result.pollsRefused[status] = (result.pollsRefused[status] ?? 0) + 1;
      }
    } finally {
      connection.close();
    }
  });
}
