import { quantile } from '../lib/statistics.ts';
import type { LoadOrder, LoadResult } from './generator.ts';
import { LoadProcess } from './load-process.ts';

/** A load's result with what is read off it. */
export interface LoadSummary extends LoadResult {
  eventsPerSecond: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** A handle on a process that plays devices. */
export class LoadGenerator {
  readonly #process = new LoadProcess<LoadOrder, LoadResult>('./generator.ts');

  /** Sends a load; one at a time. @throws when the generator fails */
  async run(order: LoadOrder): Promise<LoadSummary> {
    const result = await this.#process.run(order);
    const latencies = [...result.latenciesMs];
    return {
      ...result,
      eventsPerSecond: result.accepted / (result.durationMs / 1000),
      requestsPerSecond: latencies.length / (result.durationMs / 1000),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
    };
  }

  close(): void {
    this.#process.close();
  }
}

/** What went wrong in loads, in words; undefined when nothing did. */
export function failureNote(loads: readonly LoadResult[]): string | undefined {
  const sums = new Map<string, number>();
  for (const { failures } of loads) {
    for (const [what, count] of Object.entries(failures)) sums.set(what, (sums.get(what) ?? 0) + count);
  }
  if (sums.size === 0) return undefined;
  return `not answered 200: ${[...sums].map(([what, count]) => `${count} × ${what}`).join(', ')}`;
}
