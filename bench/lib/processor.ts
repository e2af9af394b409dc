import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Shares of the time that something took, 0 to 1. */
export interface BusyShares {
  /** How much the whole machine worked, of the time of all its cores. */
  machine: number;
  /** How long a process's first thread ran, and how long it was ready and waited for a core; NaN where the system does not say. */
  firstThread: { runs: number; waits: number };
}

/** Runs something, and answers how busy the machine was meanwhile, and the first thread of a process. */
export async function withBusyShares<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; busy: BusyShares }> {
  const [beforeMs, threadBefore, startedMs] = [machineMs(), firstThreadMs(pid), performance.now()];
  const result = await work();
  const elapsedMs = performance.now() - startedMs;
  const thread = firstThreadMs(pid);
  return {
    result,
    busy: {
      machine: (machineMs() - beforeMs) / (elapsedMs * cpus().length),
      firstThread: {
        runs: (thread.runs - threadBefore.runs) / elapsedMs,
        waits: (thread.waits - threadBefore.waits) / elapsedMs,
      },
    },
  };
}

function machineMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** What a process's first thread ran and waited for a core since it began: the first two numbers of Linux' schedstat, in ns. */
function firstThreadMs(pid: number): { runs: number; waits: number } {
  try {
    const [runsNs, waitsNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return { runs: Number(runsNs) / 1e6, waits: Number(waitsNs) / 1e6 };
  } catch {
    return { runs: Number.NaN, waits: Number.NaN };
  }
}
