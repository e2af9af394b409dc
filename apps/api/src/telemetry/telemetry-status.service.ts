import { Inject, Injectable } from '@nestjs/common';
import { TelemetryEngine, type AuditReport, type EngineStatus, type StorageReport } from '@mosis/telemetry';
import { MINUTE_MS } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { TelemetryJobsService } from './telemetry-jobs.service.js';

/** A roll-up that is this far behind is stuck, not busy. */
const LAG_LIMIT_MS = MINUTE_MS;
const MIB = 1024 * 1024;

/** How telemetry is, in numbers and in plain words for what is wrong. */
@Injectable()
export class TelemetryStatusService {
  constructor(
    private readonly engine: TelemetryEngine,
    private readonly jobs: TelemetryJobsService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** The engine's own figures, cheap enough for every scrape. */
  async figures(): Promise<EngineStatus & StorageReport> {
    return { ...this.engine.status(), ...(await this.engine.describeStorage()) };
  }

  /** The same figures as the API writes them. */
  async resource() {
    const { writer, ...status } = await this.figures();
    return {
      writer: {
        uploads: writer.uploads,
        events: writer.events,
        commits: writer.commits,
        refused: writer.refused,
        waiting_uploads: writer.waitingUploads,
        waiting_bytes: writer.waitingBytes,
        rollup_lag_ms: writer.rollupLagMs,
        restarts: writer.restarts,
      },
      database_bytes: status.databaseBytes,
      wal_bytes: status.walBytes,
      free_bytes: status.freeBytes,
      partitions: status.partitions,
      raw_rows: status.rawRows,
      oldest_partition: status.oldestPartition,
      archive_waiting: status.archiveWaiting,
      export_waiting: status.exportWaiting,
      clock_jump_ms: status.clockJumpMs,
    };
  }

  /** Figures, upkeep, and what is wrong. */
  async report() {
    return { ...(await this.resource()), jobs: await this.jobs.list(), problems: await this.findProblems() };
  }

  /** Only what is wrong. */
  async findProblems(): Promise<{ code: string; detail: string }[]> {
    const { writer, freeBytes, clockJumpMs } = this.engine.status();
    const { minFreeBytes } = this.settings.telemetry;
    const problems: { code: string; detail: string }[] = [];
    const add = (code: string, detail: string) => problems.push({ code, detail });
    if (freeBytes < minFreeBytes)
      add(
        'telemetry-disk-low',
        `Less than ${minFreeBytes / MIB} MiB are free: telemetry and packages are refused. Make room.`,
      );
    if (writer.rollupLagMs > LAG_LIMIT_MS)
      add(
        'telemetry-counts-late',
        `Counts are ${Math.round(writer.rollupLagMs / 1000)} seconds behind the events. The log says why.`,
      );
    if (clockJumpMs !== 0)
      add(
        'telemetry-clock-jump',
        `The server's clock jumped by ${Math.round(clockJumpMs / 1000)} seconds. Nothing is dropped until that is over; set the clock right.`,
      );
    const jobs = await this.jobs.list();
    const audit = jobs.find(({ kind }) => kind === 'telemetry.audit')?.result as AuditReport | null | undefined;
    if (audit && audit.differences > 0)
      add(
        'telemetry-counts-differ',
        `The last audit found ${audit.differences} difference(s) between counts and events. Run: mosis telemetry audit --repair`,
      );
    for (const { kind, error } of jobs) {
      if (error !== null) add('telemetry-upkeep-failing', `${kind} failed and will be tried again: ${error}`);
    }
    return problems;
  }
}
