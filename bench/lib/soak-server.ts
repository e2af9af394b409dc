/** The server, as it is shipped, on a clock that is put forward over the channel; it answers what its heap holds. */
import { SimulatedClock } from './simulated-clock.ts';

/** What this process is told: how far the time goes on. */
export interface SoakOrder {
  forwardMs: number;
}

/** What it answers: bytes of its JavaScript heap in use. */
export interface SoakAnswer {
  heapUsedBytes: number;
}

const load = async (path: string): Promise<unknown> =>
  import(new URL(`../../apps/api/dist/${path}`, import.meta.url).href);
const { startServer } = (await load('cli/server.js')) as typeof import('../../apps/api/src/cli/server.js');
const { readProcessSettings } = (await load(
  'config/settings.js',
)) as typeof import('../../apps/api/src/config/settings.js');
const { Clock } = (await load('common/clock.js')) as typeof import('../../apps/api/src/common/clock.js');

const simulated = new SimulatedClock(Date.now());
class PutForwardClock extends Clock {
  override now(): Date {
    return new Date(simulated.functions.now());
  }

  override monotonicMs(): number {
    return simulated.functions.monotonic();
  }
}

const server = await startServer(readProcessSettings(), { clock: new PutForwardClock() });
process.on('message', ({ forwardMs }: SoakOrder) => {
  simulated.forward(forwardMs);
  process.send?.({ heapUsedBytes: process.memoryUsage().heapUsed } satisfies SoakAnswer);
});
process.once('SIGTERM', () => void server.stop().finally(() => process.exit(0)));
