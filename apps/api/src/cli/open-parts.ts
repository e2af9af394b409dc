import { DATABASES, type DatabaseName, type LitestreamSupervisor, type ObjectMirror } from '@mosis/backup';
import { openCoreDatabase, type CoreDatabase } from '@mosis/db';
import type { ObjectStore } from '@mosis/object-store';
import { setAutoCheckpoint } from '@mosis/sqlite';
import type { TelemetryEngine } from '@mosis/telemetry';
import type { Logger } from 'pino';
import type { Parts } from '../app.module.js';
import { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { createThreadedObjectStore } from '../objects/threaded-object-store.js';
import { openMirror } from './open-mirror.js';
import { openTelemetry } from './open-telemetry.js';

/** How the parts of an application are opened. */
export interface OpenOptions {
  clock?: Clock;
  logger?: Logger;
  /** The running Litestream, which decides who checkpoints. */
  backup?: LitestreamSupervisor;
  /** Whether objects are copied to the backup. */
  mirrored?: boolean;
  /** Whether telemetry is only looked at. */
  readOnly?: boolean;
}

/** Opens the databases and the object store; the caller holds the lock and has migrated. */
export async function openParts(
  settings: Settings,
  { clock = new Clock(), logger, backup, mirrored = false, readOnly = false }: OpenOptions = {},
): Promise<Parts> {
  const store = await openObjects(settings);
  let { objects, mirror }: { objects: ObjectStore; mirror?: ObjectMirror } = { objects: store };
  let telemetry: TelemetryEngine | undefined;
  try {
    if (mirrored) ({ objects, mirror } = openMirror(settings, store, { clock, ...(logger ? { logger } : {}) }));
    const checkpoints = (database: DatabaseName) => ({
      autoCheckpoint: backup?.applicationCheckpoints(database) ?? true,
    });
    telemetry = await openTelemetry(settings, objects, clock, {
      ...(logger ? { logger } : {}),
      ...checkpoints('telemetry'),
      readOnly,
    });
    const db = openCoreDatabase(settings.dataDir, undefined, checkpoints('core'));
    if (backup) followCheckpoints(backup, db, telemetry);
    return { settings, db, objects, telemetry, ...(backup ? { backup } : {}), ...(mirror ? { mirror } : {}), clock };
  } catch (error) {
    await telemetry?.close();
    await objects.close();
    throw error;
  }
}

async function openObjects(settings: Settings): Promise<ObjectStore> {
  const objects = createThreadedObjectStore({
    url: settings.objectStoreUrl,
    s3: { ...settings.s3, forcePathStyle: settings.s3.endpoint !== undefined },
  });
  try {
    await objects.check();
    return objects;
  } catch (error) {
    await objects.close();
    throw new Error(`The object store (${objects.describe()}) cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Keeps to who checkpoints: Litestream while it holds a WAL, the writers while it does not. */
function followCheckpoints(backup: LitestreamSupervisor, db: CoreDatabase, telemetry: TelemetryEngine): void {
  const follow = (database: DatabaseName, applicationCheckpoints: boolean) => {
    if (database === 'telemetry') telemetry.setAutoCheckpoint(applicationCheckpoints);
    else if (db.rawWriter.open) setAutoCheckpoint(db.rawWriter, applicationCheckpoints ? undefined : 0);
  };
  backup.onCheckpointsChanged(follow);
  // It may have changed while the files were opened.
  for (const database of DATABASES) follow(database, backup.applicationCheckpoints(database));
}

/** Closes what {@link openParts} opened and no application took over. */
export async function closeParts(parts: Parts): Promise<void> {
  await parts.telemetry.close();
  await Promise.all([parts.db.close(), parts.objects.close()]);
}
