import type { Bench } from '../lib/bench.ts';
import { say } from '../lib/progress.ts';
import type { RealServer } from '../lib/server.ts';
import { failureNote, LoadGenerator, type LoadSummary } from '../load/load.ts';

const QUIET = { connections: 8, devices: 200, eventsPerBatch: 20, encoding: 'gzip', rate: 60 } as const;
const FLOOD = { connections: 64, devices: 1_000, eventsPerBatch: 50, encoding: 'gzip' } as const;

/** How long a quiet app's uploads wait while another app sends all it can, and while it does not. */
export async function measureFlood(bench: Bench, server: RealServer, generator: LoadGenerator): Promise<void> {
  const { rounds, roundMs } = bench.scale;
  const [quiet, loud] = await server.makeApps(['com.bench.quiet', 'com.bench.loud']);
  if (!quiet || !loud) throw new Error('The apps could not be made.');
  const flooder = new LoadGenerator();
  bench.atEnd(() => flooder.close());
  const common = { port: server.port, seed: bench.seed };
  const ask = () => generator.run({ ...common, ...QUIET, apps: [quiet], durationMs: roundMs });
  const alone: LoadSummary[] = [];
  const beside: LoadSummary[] = [];
  const floods: LoadSummary[] = [];
  say(`a flood beside a quiet app: ${rounds} rounds`);
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await ask());
    const flood = flooder.run({ ...common, ...FLOOD, apps: [loud], durationMs: roundMs });
    const [asked, flooded] = await Promise.all([ask(), flood]);
    beside.push(asked);
    floods.push(flooded);
  }
  const note = failureNote(beside);
  const flooded = Math.round(floods.reduce((sum, { eventsPerSecond }) => sum + eventsPerSecond, 0) / floods.length);
  bench.report.add({
    what: `p99 of a quiet app while another floods`,
    unit: 'ms',
    values: beside.map(({ p99Ms }) => p99Ms),
    baseline: { what: 'its p99 without', values: alone.map(({ p99Ms }) => p99Ms), target: { atMost: 2 } },
    note: [`the flood: ${flooded} events/s stored`, failureNote(floods), note && `the quiet app: ${note}`]
      .filter((part) => part !== undefined)
      .join('; '),
  });
}
