import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { LitestreamSupervisor } from '@mosis/backup';
import { CoreDatabase } from '@mosis/db';
import { TelemetryEngine } from '@mosis/telemetry';
import { migrateAll } from '../../src/cli/migrate.js';
import { openParts } from '../../src/cli/open-parts.js';
import { startBackup } from '../../src/cli/start-backup.js';
import { Clock } from '../../src/common/clock.js';
import { readSettings, type Settings } from '../../src/config/settings.js';
import { createHttpApplication } from '../../src/http/http-application.js';
import { createLogger } from '../../src/http/logger.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { Client } from './client.js';

/** A clock that tests move by hand. */
export class TestClock extends Clock {
  private offsetMs = 0;

  override now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /** Time that was moved on by hand has passed: it is no jump. */
  override monotonicMs(): number {
    return performance.now() + this.offsetMs;
  }

  /** Moves the time on. */
  advance(milliseconds: number): void {
    this.offsetMs += milliseconds;
  }
}

/** The whole application on a data directory of its own, reached through Fastify's inject. */
export class TestPlatform {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly settings: Settings,
    readonly clock: TestClock,
    private readonly logLines: string[],
    private readonly backup?: LitestreamSupervisor,
  ) {}

  /** Starts one; `environment` overrides settings by their variables. It is backed up only where a test says so. */
  static async start(
    environment: Record<string, string> = {},
    options: { mirrored?: boolean; backedUp?: boolean } = {},
  ): Promise<TestPlatform> {
    const dataDir = environment.DATA_DIR ?? mkdtempSync(join(tmpdir(), 'mosis-api-'));
    const settings = readSettings({
      PUBLIC_URL: 'http://store.test',
      RATE_LIMITS: 'off',
      NODE_ENV: 'test',
      LOG_LEVEL: 'trace',
      ...environment,
      DATA_DIR: dataDir,
    });
    const logLines: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        logLines.push(chunk.toString('utf8'));
        done();
      },
    });
    const logger = createLogger(settings.logLevel, sink);
    const backup = options.backedUp ? await startBackup(settings, logger) : undefined;
    migrateAll(settings);
    const clock = new TestClock();
    const { mirrored = false } = options;
    const parts = await openParts(settings, { clock, logger, mirrored, ...(backup ? { backup } : {}) });
    const app = await createHttpApplication(parts, logger);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await app.get(JobsService).start();
    return new TestPlatform(app, settings, clock, logLines, backup);
  }

  /** The open core database, for looking and for attacks by direct SQL. */
  get db(): CoreDatabase {
    return this.app.get(CoreDatabase);
  }

  /** The open telemetry engine. */
  get telemetry(): TelemetryEngine {
    return this.app.get(TelemetryEngine);
  }

  /** Everything that was logged so far. */
  get log(): string {
    return this.logLines.join('');
  }

  /** Somebody without a credential. */
  client(): Client {
    return new Client(this.app.getHttpAdapter().getInstance());
  }

  /** Resolves when no background work is due. */
  async idle(): Promise<void> {
    await this.app.get(JobsService).idle();
  }

  /** Closes the application and, unless told otherwise, removes its data. */
  async stop(options: { keepData?: boolean } = {}): Promise<void> {
    await this.app.close();
    await this.backup?.stop();
    if (!options.keepData) rmSync(this.settings.dataDir, { recursive: true, force: true });
  }
}
