import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { coreDatabasePath, readCoreMigrations } from '@mosis/db';
import { DataDirLock, Migrator, openReader } from '@mosis/sqlite';
import type { Settings } from '../config/settings.js';
import { createHttpApplication } from '../http/http-application.js';
import { createLogger } from '../http/logger.js';
import { refuseWrites } from '../http/read-only.js';
import { keepThreadsSmall, shrinkHeapAtRest } from './heap.js';
import { closeParts, openParts } from './open-parts.js';
import type { RunningServer } from './server.js';

/**
 * Starts a server on restored data to look at it: requests that write are refused, no background work runs, nothing is
 * migrated, backed up or sent.
 *
 * @throws DataDirLockedError, or what is wrong with the data
 */
export async function startReadOnlyServer(
  settings: Settings,
  logger: Logger = createLogger(settings.logLevel),
): Promise<RunningServer> {
  keepThreadsSmall();
  const lock = DataDirLock.acquire(settings.dataDir, 'mosis serve --read-only');
  try {
    assertMigrated(settings);
    const parts = await openParts(settings, { logger, readOnly: true });
    try {
      const app = await createHttpApplication(parts, logger);
      refuseWrites(app.getHttpAdapter().getInstance());
      await app.init();
      await app.listen(settings.port, settings.host);
      shrinkHeapAtRest(app.getHttpServer());
      const { port } = app.getHttpServer().address() as AddressInfo;
      const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
      lock.describe({ address: url });
      logger.info({ 'data.dir': settings.dataDir }, `serving on ${url}, reading only`);
      let stopping: Promise<void> | undefined;
      return { url, stop: () => (stopping ??= app.close().then(() => lock.release())) };
    } catch (error) {
      await closeParts(parts);
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

function assertMigrated({ dataDir }: Settings): void {
  const connection = openReader(coreDatabasePath(dataDir));
  try {
    const differing = new Migrator(connection, readCoreMigrations())
      .status()
      .filter(({ state }) => state !== 'applied');
    if (differing.length > 0)
      throw new Error(
        `The data in ${dataDir} is of another release (${differing.map(({ name }) => name).join(', ')}). Start the server without --read-only to migrate it, or use that release.`,
      );
  } finally {
    connection.close();
  }
}
