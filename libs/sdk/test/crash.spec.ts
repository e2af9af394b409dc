import fc from 'fast-check';
import type { Telemetry } from '../src/telemetry.js';
import { FakePlatform, json, problem, type SeenRequest, settle } from './support/fake-platform.js';
import { MemoryStorage } from './support/memory-storage.js';
import { MortalStorage } from './support/mortal-storage.js';
import { startTelemetry, unaccounted } from './support/start.js';

/** A server that keeps a ledger, and whose answer to the next request may be lost before or after it has processed it. */
class LedgerServer {
  readonly ledger = new Map<string, { text: string; accepted: number }>();
  changedBodies = 0;
  faults: ('before' | 'after' | 'none' | 'refuse batch')[] = [];

  answer = ({ body, text }: SeenRequest): Response => {
    const fault = this.faults.shift() ?? 'none';
    if (fault === 'before') throw new TypeError('connection lost');
    const known = this.ledger.get(body.batch_id);
    if (known && known.text !== text) this.changedBodies++;
    if (fault === 'refuse batch' && !known) return problem(422);
    this.ledger.set(body.batch_id, known ?? { text, accepted: body.events.length });
    if (fault === 'after') throw new TypeError('connection lost');
    const { accepted } = this.ledger.get(body.batch_id)!;
    return json(200, { batch_id: body.batch_id, accepted, rejected: [], duplicate: known !== undefined });
  };

  get accepted(): number {
    return [...this.ledger.values()].reduce((sum, entry) => sum + entry.accepted, 0);
  }
}

type Step = 'track' | 'invalid' | 'flush' | 'persist' | 'track while flushing';

let lastNumber = 0;

/** One life that dies at its n-th storage operation, or at its end. Returns how many events were surely persisted. */
async function live(telemetry: Telemetry, storage: MortalStorage, steps: Step[]): Promise<number> {
  let surelyKept = 0;
  for (const step of steps) {
    if (storage.isDead) break;
    if (step === 'track') telemetry.track('x', { n: ++lastNumber });
    else if (step === 'invalid') telemetry.track('Not A Type');
    else {
      const running = step === 'persist' ? telemetry.persist() : telemetry.flush();
      if (step === 'track while flushing') telemetry.track('y', { n: ++lastNumber });
      const tracked = telemetry.stats().generated;
      const alive = await Promise.race([running.then(() => true), deathOf(storage)]);
      if (alive && step === 'persist') surelyKept = tracked;
    }
  }
  await storage.die();
  await settle();
  return surelyKept;
}

async function deathOf(storage: MortalStorage): Promise<false> {
  while (!storage.isDead) await new Promise((resolve) => setImmediate(resolve));
  return false;
}

/** Lives one after the other on the same storage, then a last one in which nothing fails. */
async function runLives(lives: { steps: Step[]; dieAfter: number; tear: boolean }[], server: LedgerServer) {
  const inner = new MemoryStorage();
  const platform = new FakePlatform();
  platform.answer = server.answer;
  for (const { steps, dieAfter, tear } of lives) {
    const storage = new MortalStorage(inner, tear);
    storage.dieAfter(dieAfter);
    const { telemetry } = await startTelemetry({ platform, storage: storage as never });
    const surelyKept = await live(telemetry, storage, steps);
    platform.nowMs += 86_400_000;
    const heir = new MortalStorage(inner, false);
    const next = await startTelemetry({ platform, storage: heir as never });
    expect(unaccounted(next.telemetry.stats())).toBe(0);
    expect(next.telemetry.stats().generated).toBeGreaterThanOrEqual(surelyKept);
    // One that died before its storage was open never knew of earlier events.
    const most = telemetry.deviceId === undefined ? Infinity : telemetry.stats().generated;
    expect(next.telemetry.stats().generated).toBeLessThanOrEqual(most);
    await heir.die();
    await settle();
  }
  server.faults = [];
  platform.nowMs += 86_400_000;
  const { telemetry } = await startTelemetry({ platform, storage: inner });
  telemetry.track('last');
  await telemetry.flush();
  await telemetry.flush();
  const stats = telemetry.stats();
  expect(unaccounted(stats)).toBe(0);
  expect(stats).toMatchObject({ queued: 0, accepted: server.accepted });
  expect(server.changedBodies).toBe(0);
  const numbers = [...server.ledger.values()].flatMap(({ text }) => text.match(/"n":\d+/g) ?? []);
  expect(new Set(numbers).size).toBe(numbers.length);
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
  const reported = [...server.ledger.values()].flatMap(({ text }) =>
    Object.values((JSON.parse(text) as { dropped?: Record<string, number> }).dropped ?? {}),
  );
  expect(reported.reduce((sum, count) => sum + count, 0)).toBe(dropped);
}

describe('dying at any storage operation', () => {
  const steps: Step[] = ['track', 'persist', 'track', 'invalid', 'flush', 'track', 'track while flushing', 'persist', 'track', 'flush', 'flush']; // prettier-ignore

  it.each([false, true])('leaves every event accounted for and stored once (torn append: %s)', async (tear) => {
    for (let dieAfter = 0; dieAfter < 60; dieAfter++) {
      const server = new LedgerServer();
      server.faults = ['none', 'after', 'before', 'refuse batch'];
      await runLives([{ steps, dieAfter, tear }], server);
    }
  });

  it('does so for any sequence of steps, faults and deaths', async () => {
    const life = fc.record({
      steps: fc.array(fc.constantFrom<Step>('track', 'invalid', 'flush', 'persist', 'track while flushing'), {
        maxLength: 12,
      }),
      dieAfter: fc.nat(60),
      tear: fc.boolean(),
    });
    const faults = fc.array(fc.constantFrom('before' as const, 'after' as const, 'none' as const, 'refuse batch' as const)); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), faults, async (lives, answers) => {
        const server = new LedgerServer();
        server.faults = [...answers];
        await runLives(lives, server);
      }),
      { numRuns: 400, seed: 20 },
    );
  });
});
