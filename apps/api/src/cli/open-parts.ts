import { openCoreDatabase } from '@mosis/db';
import { createObjectStore } from '@mosis/object-store';
import type { Logger } from 'pino';
import type { Parts } from '../app.module.js';
import { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { openTelemetry } from './open-telemetry.js';

/** Opens the databases and the object store; the caller holds the lock and has migrated. */
export async function openParts(
  settings: Settings,
  { clock = new Clock(), logger }: { clock?: Clock; logger?: Logger } = {},
): Promise<Parts> {
  const objects = createObjectStore({
    url: settings.objectStoreUrl,
    s3: { ...settings.s3, forcePathStyle: settings.s3.endpoint !== undefined },
  });
  try {
    await objects.check();
  } catch (error) {
    await objects.close();
    throw new Error(`The object store (${objects.describe()}) cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    const telemetry = await openTelemetry(settings, objects, clock, logger);
    return { settings, db: openCoreDatabase(settings.dataDir), objects, telemetry, clock };
  } catch (error) {
    await objects.close();
    throw error;
  }
}

/** Closes what {@link openParts} opened and no application took over. */
export async function closeParts(parts: Parts): Promise<void> {
  await parts.telemetry.close();
  await Promise.all([parts.db.close(), parts.objects.close()]);
}
