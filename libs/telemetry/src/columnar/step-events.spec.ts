import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import { DAY_MS } from '../storage/days.js';
import { openDuck, Session } from './duck.js';
import { Bound } from './raw-events.js';
import { inTurn } from './step-events.js';

interface Event {
  timeMs: number;
  id: number;
}

let folder: string;
let duck: DuckDBInstance;
let session: Session;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'step-events-'));
  mkdirSync(join(folder, 'scratch'));
  duck = await openDuck({ dataDir: folder, rawDays: 90, memoryLimitMb: 128, threads: 1 }, join(folder, 'scratch'));
  session = await Session.open(duck);
});

afterAll(() => {
  session.close();
  duck.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const byTime = (a: Event, b: Event): number => a.timeMs - b.timeMs || a.id - b.id;

function sqlOf(events: Event[]): string | undefined {
  if (events.length === 0) return undefined;
  const rows = events.map(({ timeMs, id }) => `(${timeMs}::DOUBLE, ${id}::UINTEGER, ${id}::DOUBLE)`);
  return `SELECT * FROM (VALUES ${rows.join(', ')}) rows (ms, event, id)`;
}

/** The times and ids in the order they are taken. */
async function take(inOrder: Event[][], others: Event[]): Promise<[number, number][]> {
  const second = await session.second();
  const taken: [number, number][] = [];
  await inTurn(
    inOrder.map((events) => ({ session, bound: new Bound(), sql: () => sqlOf(events) })),
    { session: second, bound: new Bound(), sql: () => sqlOf(others) },
    (timeMs, event) => taken.push([timeMs, event]),
  );
  return taken;
}

describe('events of several statements', () => {
  it('come by time, in whatever order the row groups of a day lie', async () => {
    const event = fc.record({
      day: fc.integer({ min: 0, max: 2 }),
      ms: fc.integer({ min: 0, max: 15 }),
      isLate: fc.boolean(),
      group: fc.integer({ min: 0, max: 3 }),
    });
    const groupOrder = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 40 }),
        groupOrder,
        fc.integer({ min: 0, max: 2 }),
        async (drawn, order, cut) => {
          const all = drawn.map(({ day, ms, ...rest }, id) => ({ timeMs: day * DAY_MS + ms, id, day, ...rest }));
          const late = all.filter(({ isLate }) => isLate).sort(byTime);
          const days = [0, 1, 2].map((day) => {
            const sorted = all.filter((one) => one.day === day && !one.isLate).sort(byTime);
            // Row groups hold what follows each other, and lie anyhow.
            const ends = [0, 1, 2].map((group) => sorted.filter((one) => one.group <= group).length);
            const groups = [0, ...ends].map((from, index) => sorted.slice(from, ends[index] ?? sorted.length));
            return order.flatMap((group) => groups[group] as Event[]);
          });
          const parts = [days.slice(0, cut).flat(), days.slice(cut).flat()];
          const expected = [...all].sort(
            (a, b) => a.timeMs - b.timeMs || Number(a.isLate) - Number(b.isLate) || a.id - b.id,
          );
          expect(await take(parts, late)).toEqual(expected.map(({ timeMs, id }) => [timeMs, id]));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('come by time in every order that five row groups can have', async () => {
    const events = [0, 1, 2, 3, 4].map((id) => ({ timeMs: 7, id }));
    const orders = events.reduce<Event[][]>(
      (shorter, one) =>
        shorter.flatMap((order) => events.map((_, at) => [...order.slice(0, at), one, ...order.slice(at)])),
      [[]],
    );
    const distinct = new Map(orders.map((order) => [order.map(({ id }) => id).join(), order]));
    expect(distinct.size).toBe(120);
    for (const order of distinct.values()) {
      expect(await take([order], [])).toEqual(events.map(({ timeMs, id }) => [timeMs, id]));
    }
  });

  it('leave no statement running when one of them is not wanted', async () => {
    const { connection } = session;
    const run = connection.run.bind(connection);
    let running = 0;
    connection.run = async (...asked) => {
      running += 1;
      return run(...asked).finally(() => (running -= 1));
    };
    const first = {
      session,
      bound: new Bound(),
      sql: () =>
        sqlOf([
          { timeMs: 0, id: 1 },
          { timeMs: DAY_MS, id: 2 },
        ]),
    };
    const slow = `SELECT ${2 * DAY_MS}::DOUBLE, 1::UINTEGER, sum(hash(range))::DOUBLE FROM range(20_000_000)`;
    const none = { session: await session.second(), bound: new Bound(), sql: () => undefined };
    const refuse = (): void => {
      throw new Error('no more');
    };
    try {
      await expect(inTurn([first, { ...first, sql: () => slow }], none, refuse)).rejects.toThrow('no more');
      expect(running).toBe(0);
    } finally {
      connection.run = run;
    }
  });

  it('are refused when a day comes back, or an event is there twice', async () => {
    const [first, second] = [
      { timeMs: 5, id: 1 },
      { timeMs: DAY_MS, id: 2 },
    ];
    await expect(take([[second, first]], [])).rejects.toThrow(/one after the other/);
    await expect(take([[first], [second], [first]], [])).rejects.toThrow(/one after the other/);
    await expect(take([[first, first]], [])).rejects.toThrow(/not sorted/);
  });
});
