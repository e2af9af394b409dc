import { hasCurrentArchive } from '../columnar/index.js';
import { dayOf, formatDay } from '../storage/days.js';
import type { ColumnarState } from './columnar-state.js';
import type { EngineOptions, StorageReport } from './types.js';

/** Looks what is stored, and what waits for a copy. */
export async function readStorageReport(
  state: ColumnarState,
  { dataDir, exportAggregates, now }: Pick<EngineOptions, 'dataDir' | 'exportAggregates' | 'now'>,
): Promise<StorageReport> {
  const [partitions, bucketDays] = await Promise.all([state.listPartitions(), state.listBucketDays()]);
  const today = dayOf(now());
  const oldest = partitions[0];
  return {
    partitions: partitions.length,
    rawRows: partitions.reduce((sum, { rowCount }) => sum + rowCount, 0),
    oldestPartition: oldest ? formatDay(oldest.day) : null,
    archiveWaiting: partitions.filter((each) => each.closed && !hasCurrentArchive(dataDir, each)).length,
    exportWaiting: exportAggregates
      ? bucketDays.filter(({ day, version, exported }) => day < today && exported?.version !== version).length
      : 0,
  };
}
