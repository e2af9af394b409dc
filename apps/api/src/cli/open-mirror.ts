import { join } from 'node:path';
import { assertSeparateLocations, ObjectMirror, ObservedObjectStore } from '@mosis/backup';
import type { ObjectStore } from '@mosis/object-store';
import type { Logger } from 'pino';
import type { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { createThreadedObjectStore } from '../objects/threaded-object-store.js';

/** The object store as the application uses it, and the mirror that follows what is stored there. */
export interface MirroredObjects {
  objects: ObjectStore;
  mirror: ObjectMirror;
}

/**
 * Puts a mirror behind an object store: its copies lie under `objects/` of the backup. Whether that can be reached is no
 * condition of a start.
 *
 * @throws BackupLocationError when objects and copies would lie in each other
 */
export function openMirror(
  settings: Settings,
  source: ObjectStore,
  { clock, logger }: { clock: Clock; logger?: Logger },
): MirroredObjects {
  assertBackupLocation(settings);
  const { location } = settings.backup;
  const log = logger?.child({ scope: 'backup' });
  const mirror = new ObjectMirror({
    source,
    target: createThreadedObjectStore({
      url: `${location.url.replace(/\/+$/, '')}/objects`,
      ...(location.s3 ? { s3: location.s3 } : {}),
    }),
    ledgerFile: join(settings.dataDir, 'mirror.db'),
    scratchDir: join(settings.dataDir, 'tmp'),
    now: () => clock.now().getTime(),
    log: {
      info: (fields, message) => log?.info(fields, message),
      warn: (fields, message) => log?.warn(fields, message),
    },
  });
  return { objects: new ObservedObjectStore(source, mirror), mirror };
}

/** @throws BackupLocationError when the backup overlaps with what it is a copy of */
export function assertBackupLocation({ dataDir, objectStoreUrl, s3, backup }: Settings): void {
  assertSeparateLocations({
    dataDir,
    objects: { url: objectStoreUrl, ...(s3.endpoint ? { endpoint: s3.endpoint } : {}) },
    backup: backup.location,
  });
}
