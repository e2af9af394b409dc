import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { assertNoUnfinishedRestore, type LitestreamSupervisor } from '@mosis/backup';
import { DataDirLock } from '@mosis/sqlite';
import { AccountsService } from '../accounts/accounts.service.js';
import { SYSTEM } from '../audit/audit.service.js';
import type { Parts } from '../app.module.js';
import type { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { describeSummary } from '../demo/demo-report.js';
import { DemoService } from '../demo/demo.service.js';
import { assertLocalFileSystem, type ReadFileSystemType } from '../doctor/file-system.js';
import { createHttpApplication } from '../http/http-application.js';
import { createLogger } from '../http/logger.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService } from '../objects/objects.service.js';
import { UploadReceiver } from '../versions/upload-receiver.js';
import { VERSION } from '../common/version.js';
import { ControlServer } from './control-socket.js';
import { keepThreadsSmall, shrinkHeapAtRest } from './heap.js';
import { migrateAll } from './migrate.js';
import { describeMigrationProgress, logFieldsOf } from './migration-progress.js';
import { closeParts, openParts } from './open-parts.js';
import { startBackup } from './start-backup.js';
import { OWN_CATALOGUE } from './own-catalogue.js';

const DEMO_VERSIONS = 3;
/** Requests that are being answered get this long to finish before their connections are cut. */
const SHUTDOWN_GRACE_MS = 20_000;

/** A server that answers requests. */
export interface RunningServer {
  url: string;
  /** Finishes what was accepted, then gives everything back. Calling it twice is calling it once. */
  stop(): Promise<void>;
}

/**
 * Starts the server: lock, Litestream, migrations, clean-up after a killed predecessor, background work, HTTP.
 *
 * @throws NetworkFileSystemError, DataDirLockedError, MigrationError, or why it cannot listen; nothing is left behind
 */
export async function startServer(
  settings: Settings,
  options: { demo?: boolean; readFileSystemType?: ReadFileSystemType; clock?: Clock } = {},
  logger: Logger = createLogger(settings.logLevel),
): Promise<RunningServer> {
  // Before the lock, which is a file there itself.
  if (!settings.allowNetworkFileSystem) assertLocalFileSystem(settings.dataDir, options.readFileSystemType);
  assertNoUnfinishedRestore(settings.dataDir);
  keepThreadsSmall();
  const lock = DataDirLock.acquire(settings.dataDir, 'mosis serve');
  let app: NestFastifyApplication | undefined;
  let parts: Parts | undefined;
  let backup: LitestreamSupervisor | undefined;
  let control: ControlServer | undefined;
  let stopping: Promise<void> | undefined;
  const release = async () => {
    await control?.close();
    if (app) await closeWithin(app, SHUTDOWN_GRACE_MS);
    else if (parts) await closeParts(parts);
    // After the last connection: what they wrote at their end is shipped as well.
    await backup?.stop();
    lock.release();
  };
  try {
    backup = await startBackup(settings, logger);
    migrateAll(settings, {
      onProgress: (step) => logger.info(logFieldsOf(step), describeMigrationProgress(step)),
    });
    parts = await openParts(settings, { clock: options.clock, logger, backup, mirrored: true });
    app = await createHttpApplication(parts, logger);
    await app.init();
    await recover(app);
    await ensureAdmin(app, settings, logger);
    await app.get(JobsService).start();
    await app.listen(settings.port, settings.host);
    shrinkHeapAtRest(app.getHttpServer());
    const { port } = app.getHttpServer().address() as AddressInfo;
    const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
    control = await ControlServer.listen(settings.dataDir, app, logger);
    lock.describe({ address: url, control_socket: control.path });
    logger.info(
      {
        version: VERSION,
        'data.dir': settings.dataDir,
        objects: parts.objects.describe(),
        'public.url': settings.publicUrl,
      },
      `serving on ${url} · reference at ${url}/docs`,
    );
    if (options.demo) await loadDemo(app, logger, url);
    return {
      url,
      stop: () => (stopping ??= release()),
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Puts right what a killed process left half-done. */
async function recover(app: NestFastifyApplication): Promise<void> {
  await app.get(IdempotencyService).forgetRunning();
  await app.get(UploadReceiver).cleanUp();
  await app.get(ObjectsService).cleanUp();
}

async function ensureAdmin(app: NestFastifyApplication, settings: Settings, logger: Logger): Promise<void> {
  const accounts = app.get(AccountsService);
  if (await accounts.hasAdmin()) return;
  if (settings.admin) {
    await accounts.createAdmin({ ...settings.admin, name: 'Administrator' }, SYSTEM);
    logger.info('created the admin of ADMIN_EMAIL');
    return;
  }
  const link = await accounts.createSetupLink();
  logger.warn({ 'log.keep_link': true }, `there is no admin yet: create the first one at ${link}`);
}

async function loadDemo(app: NestFastifyApplication, logger: Logger, url: string): Promise<void> {
  logger.info('loading the demo catalogue');
  const summary = await app.get(DemoService).load({ file: OWN_CATALOGUE, versions: DEMO_VERSIONS }, () => undefined);
  logger.info({ demo: summary }, describeSummary(summary).split('\n')[0]);
  logger.info(`the demo store: ${url}/v1/store/apps`);
}

async function closeWithin(app: NestFastifyApplication, graceMs: number): Promise<void> {
  const server = app.getHttpServer() as { closeAllConnections(): void };
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
