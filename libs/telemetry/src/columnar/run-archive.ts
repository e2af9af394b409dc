import { existsSync } from 'node:fs';
import type { PartitionState } from '../engine/columnar-state.js';
import { formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import type { ColumnarDeps } from './deps.js';

/** Whether a partition's Parquet copy holds what its table holds, and is there. */
export function hasCurrentArchive(dataDir: string, { day, archive, revision }: PartitionState): boolean {
  return archive?.revision === revision && existsSync(archivePath(dataDir, formatDay(day)));
}

/**
 * Gives every closed partition a current Parquet copy, and answers the days that got one. A day that fails does not keep the
 * others from theirs; the first failure is thrown at the end. Running it again goes on where it stopped.
 */
export async function runArchive(
  deps: Pick<ColumnarDeps, 'dataDir' | 'analytics' | 'state' | 'log'>,
): Promise<{ archived: string[] }> {
  const partitions = await deps.state.listPartitions();
  const waiting = partitions.filter((partition) => partition.closed && !hasCurrentArchive(deps.dataDir, partition));
  const archived: string[] = [];
  const failures: unknown[] = [];
  for (const [index, { day }] of waiting.entries()) {
    const fields = { day: formatDay(day), done: index, of: waiting.length };
    try {
      const copy = await deps.analytics.run('archive', { day });
      if (await deps.state.recordArchive(day, copy)) {
        archived.push(formatDay(day));
        deps.log?.({ ...fields, rows: copy.rows, bytes: copy.bytes }, 'partition archived');
      } else {
        deps.log?.(fields, 'partition changed while it was archived; it is done again in the next run');
      }
    } catch (error) {
      failures.push(error);
      deps.log?.({ ...fields, error: (error as Error).message }, 'partition could not be archived');
    }
  }
  if (failures.length > 0) throw failures[0];
  return { archived };
}
