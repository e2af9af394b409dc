import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { closeWriter, openReader, openWriter, setAutoCheckpoint, type RawConnection } from '@mosis/sqlite';
import { getLitestream } from '../../src/litestream/binary.js';
import { litestreamEnvironment } from '../../src/litestream/config.js';
import { DATABASES, databaseFileName, type BackupLocation, type DatabaseName } from '../../src/location.js';
import { restoreDatabase } from '../../src/restore/restore-database.js';
import { LitestreamSupervisor } from '../../src/supervisor/litestream-supervisor.js';
import { locateLitestreamConfig } from '../../src/supervisor/orphans.js';
import type { BackupStatus, DatabaseBackupStatus } from '../../src/supervisor/status.js';
import type { SupervisorTuning } from '../../src/supervisor/tuning.js';

/** Everything that a person would wait for, made short; no bound is reached by accident. */
const QUICK: Partial<SupervisorTuning> = {
  lookEveryMs: 50,
  checkEveryMs: 300,
  listEveryMs: 1_000,
  confirmAfterMs: 100,
  provenAfterMs: 400,
  restartPausesMs: [50],
  resumePausesMs: [300],
  healPausesMs: [0],
  stopWithinMs: 5_000,
};
const PATIENCE_MS = 20_000;

/** A line of the supervisor's log. */
export interface LoggedLine {
  level: 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

/** A data directory with both databases, as the server has them, and the real Litestream beside it. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'mosis-backup-'));
  readonly dataDir = join(this.folder, 'data');
  readonly log: LoggedLine[] = [];
  readonly writers = new Map<DatabaseName, RawConnection>();
  location: BackupLocation = { url: pathToFileURL(join(this.folder, 'backups')).href };
  supervisor: LitestreamSupervisor | undefined;
  #written = 0;

  get backups(): string {
    return join(this.folder, 'backups');
  }

  file(database: DatabaseName): string {
    return join(this.dataDir, databaseFileName(database));
  }

  /** Starts Litestream, then opens both databases for writing: the server's order. */
  async start(tuning: Partial<SupervisorTuning> = {}, binary?: string): Promise<LitestreamSupervisor> {
    // As the lock on the directory does, which comes before everything.
    await mkdir(this.dataDir, { recursive: true });
    const line = (level: LoggedLine['level']) => (fields: Record<string, unknown>, message: string) =>
      void this.log.push({ level, fields, message });
    const supervisor = await LitestreamSupervisor.start({
      dataDir: this.dataDir,
      location: this.location,
      retentionDays: 1,
      log: { info: line('info'), warn: line('warn'), error: line('error') },
      tuning: { ...QUICK, ...tuning },
      ...(binary === undefined ? {} : { binary }),
    });
    this.supervisor = supervisor;
    for (const database of DATABASES) {
      const autoCheckpoint = supervisor.applicationCheckpoints(database);
      const writer = openWriter(this.file(database), { autoCheckpoint });
      writer.exec('CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, ballast BLOB)');
      this.writers.set(database, writer);
    }
    supervisor.onCheckpointsChanged((database, applicationCheckpoints) => {
      const writer = this.writers.get(database);
      if (writer?.open) setAutoCheckpoint(writer, applicationCheckpoints ? undefined : 0);
    });
    return supervisor;
  }

  /** Closes the databases, then ends Litestream: the server's order. */
  async stop(): Promise<void> {
    this.close();
    await this.supervisor?.stop();
    this.supervisor = undefined;
  }

  close(): void {
    for (const writer of this.writers.values()) closeWriter(writer);
    this.writers.clear();
  }

  /** Adds rows, each a commit; answers how many the table has. */
  write(database: DatabaseName, rows = 1, bytes = 100): number {
    const writer = this.writers.get(database) as RawConnection;
    const insert = writer.prepare('INSERT INTO kept (ballast) VALUES (randomblob(?))');
    for (let row = 0; row < rows; row += 1) insert.run(bytes);
    this.#written += rows;
    return writer.prepare('SELECT count(*) FROM kept').pluck().get() as number;
  }

  status(database: DatabaseName): DatabaseBackupStatus {
    return (this.supervisor as LitestreamSupervisor)
      .status()
      .databases.find((status) => status.database === database) as DatabaseBackupStatus;
  }

  /** Waits until the supervisor sees what is asked for. */
  async until(what: string, seen: (status: BackupStatus) => boolean): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      // First of all, so that a loop around this lets timers run.
      await delay(20);
      const status = (this.supervisor as LitestreamSupervisor).status();
      if (seen(status)) return;
      if (performance.now() > until)
        throw new Error(
          `Never seen: ${what}\n${JSON.stringify(status, null, 1)}\n${JSON.stringify(this.log.slice(-30))}`,
        );
    }
  }

  /** Waits until both databases are restorable with everything that was written. */
  async untilHealthy(): Promise<void> {
    // What was seen last may be from before the last write.
    await this.supervisor?.inspect();
    await this.until('healthy backups', ({ databases }) =>
      databases.every(({ healthy, lagBytes, position }) => healthy === true && lagBytes === 0 && position !== null),
    );
  }

  /** Waits until a line of the log has this in it. */
  async untilLogged(text: string, from = 0): Promise<LoggedLine> {
    let found: LoggedLine | undefined;
    await this.until(`"${text}" in the log`, () => {
      found = this.log.slice(from).find(({ message }) => message.includes(text));
      return found !== undefined;
    });
    return found as LoggedLine;
  }

  /** Restores a database elsewhere, checks it, and answers how many rows came back. */
  async restore(database: DatabaseName): Promise<number> {
    const to = join(this.folder, `restored-${(this.#written += 1)}`, databaseFileName(database));
    await restoreDatabase({ location: this.location, database, to });
    const reader = openReader(to);
    try {
      const check = reader.pragma('integrity_check', { simple: true });
      if (check !== 'ok') throw new Error(`integrity_check: ${String(check)}`);
      return reader.prepare('SELECT count(*) FROM kept').pluck().get() as number;
    } finally {
      reader.close();
    }
  }

  /** A Litestream as a killed server leaves it: on the same configuration, with nobody who hears it. */
  async spawnOrphan(): Promise<ChildProcess> {
    const config = await locateLitestreamConfig(this.dataDir);
    const orphan = spawn(getLitestream(), ['replicate', '-config', config, '-no-expand-env'], {
      env: litestreamEnvironment(this.location),
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    // From its first line on it hears signals.
    await once(orphan.stdout, 'data');
    orphan.stdout.resume();
    return orphan;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
