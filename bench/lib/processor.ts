import { cpus } from 'node:os';

/** Runs something, and answers which share of the time of all cores the whole machine worked meanwhile, 0 to 1. */
export async function withBusyShare<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; busyShare: number }> {
  const [beforeMs, startedMs] = [busyMs(), performance.now()];
  const result = await work();
  const elapsedMs = (performance.now() - startedMs) * cpus().length;
  return { result, busyShare: (busyMs() - beforeMs) / elapsedMs };
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
