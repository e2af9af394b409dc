import { join } from 'node:path';
import { describeMissing, findLitestream, LITESTREAM_VERSION } from '../litestream/binary.js';
import { DATABASES, databaseFileName, type BackupLocation } from '../location.js';
import { DatabaseWatch } from './database-watch.js';
import { describeStatus } from './describe-status.js';
import { HealthCheck } from './health-check.js';
import { sharesDevice } from './same-device.js';
import type { BackupStatus } from './status.js';

export interface InspectOptions {
  dataDir: string;
  location: BackupLocation;
  /** The Litestream binary, where it is not npm's. */
  binary?: string;
}

/**
 * Looks at the backups of a data directory that no server owns: whether the replica can be restored, and whether it has
 * everything. Reads only.
 */
export async function inspectBackups({ dataDir, location, binary }: InspectOptions): Promise<BackupStatus> {
  const health = new HealthCheck(location);
  const nowMs = Date.now();
  const available = findLitestream(binary) !== undefined;
  const databases = [];
  try {
    for (const database of DATABASES) {
      const watch = new DatabaseWatch(database, join(dataDir, databaseFileName(database)));
      await watch.look(nowMs);
      await health.list(watch, nowMs);
      databases.push(watch.describe(available ? 'idle' : 'off', Number.POSITIVE_INFINITY, nowMs));
    }
  } finally {
    await health.close();
  }
  return describeStatus({
    available,
    missing: available ? undefined : describeMissing(binary),
    litestreamVersion: LITESTREAM_VERSION,
    location: location.url,
    pid: null,
    restarts: 0,
    sameDevice: await sharesDevice(dataDir, location),
    databases,
  });
}
