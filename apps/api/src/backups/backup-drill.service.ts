import { mkdir, rm } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { LitestreamMissingError, readFreeBytes, type LitestreamSupervisor, type ObjectMirror } from '@mosis/backup';
import { CoreDatabase, coreDatabasePath, newId } from '@mosis/db';
import { TelemetryEngine, telemetryDatabasePath } from '@mosis/telemetry';
import { AuditHead } from '../audit/audit-head.js';
import { Clock, DAY_MS, HOUR_MS, MINUTE_MS } from '../common/clock.js';
import { formatBytes } from '../common/format.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { JobsService } from '../jobs/jobs.service.js';
import { BackupDrillRepository } from './backup-drill.repository.js';
import type { BackupDrillResource } from './backup-drill.schemas.js';
import { runDrillChild } from './drill/drill-child.js';
import { DRILL_STEPS, type DrillFindings, type DrillMessage } from './drill/drill.types.js';
import { OBJECT_MIRROR } from './object-mirror.token.js';
import { SUPERVISOR } from './supervisor.token.js';

/** Begins the nightly verification; the verification itself is nobody's job, so that no other work waits behind it. */
export const DRILL_JOB = 'backup.verify';

/** A verification is killed after this long. */
const DEADLINE_MS = 3 * HOUR_MS;
/** What was just written is on the replica within seconds; what is not by then does not get there. */
const SHIP_WITHIN_MS = MINUTE_MS;
/** Objects that were just stored get this long to be copied. */
const COPY_WITHIN_MS = MINUTE_MS;
/** After a start that finds one that was broken off. */
const AGAIN_AFTER_MS = 10 * MINUTE_MS;
const OVERDUE_MS = 2 * DAY_MS + 2 * HOUR_MS;
const KEEP_MS = 90 * DAY_MS;
/** A restore writes the file and its WAL; this share of the live files and a little more has to be free. */
const SPACE_FACTOR = 2.2;
const SPACE_MARGIN_BYTES = 64 * 1024 * 1024;

const NOTHING: DrillFindings = { failures: [], checks: [], restoredBytes: 0, rtoSeconds: null, objectsHashed: 0 };

type OnProgress = (progress: { done: number; total: number }) => void;

/** Proves that the backups can be restored: nightly, and when somebody asks. */
@Injectable()
export class BackupDrillService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('backup');
  private readonly startedAt: number;
  private running: Promise<BackupDrillResource> | undefined;
  private readonly closing = new AbortController();
  /** Tests make it small. */
  deadlineMs = DEADLINE_MS;
  /** Tests make it small, too. */
  readFreeBytes = readFreeBytes;

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: BackupDrillRepository,
    private readonly telemetry: TelemetryEngine,
    private readonly jobs: JobsService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(SUPERVISOR) private readonly supervisor: LitestreamSupervisor | null,
    @Inject(OBJECT_MIRROR) private readonly mirror: ObjectMirror | null,
  ) {
    this.startedAt = clock.now().getTime();
  }

  onModuleInit(): void {
    if (!this.supervisor) return;
    const begin = async () => {
      this.verify().catch((error: unknown) => {
        if (!this.closing.signal.aborted) this.logger.error({ msg: 'the verification stumbled', err: error });
      });
      return { started: true };
    };
    // Slow work is left to a server: a command that only passes by would break it off.
    this.jobs.register(DRILL_JOB, begin, { everyMs: DAY_MS, lane: 'slow' });
  }

  /** A verification whose process ended before it has not proven anything, and is done again. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.supervisor) return;
    for (const { id, started_at } of await this.repository.listRunning()) {
      const failures = ['The server ended while it ran, so nothing was proven; it is done again.'];
      await this.finish(this.describe(id, new Date(started_at), 0, null, { ...NOTHING, failures }));
      await this.db.write((trx) => this.jobs.ensureQueued(trx, DRILL_JOB, AGAIN_AFTER_MS));
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort(new Error('The server stops.'));
    await this.running?.catch(() => undefined);
  }

  /** Verifies the backups; while one runs, that one is waited for. */
  async verify(
    options: { all?: boolean } = {},
    onProgress: OnProgress = () => undefined,
  ): Promise<BackupDrillResource> {
    this.running ??= this.run(options.all ?? false, onProgress).finally(() => (this.running = undefined));
    return this.running;
  }

  /** How the last one ended. */
  async findLatest(): Promise<BackupDrillResource | undefined> {
    const row = await this.repository.findLatest();
    return row?.report ? (JSON.parse(row.report) as BackupDrillResource) : undefined;
  }

  /** Only what is wrong. */
  async findProblems(): Promise<{ code: string; detail: string }[]> {
    if (!this.supervisor) return [];
    const last = await this.findLatest();
    const problems: { code: string; detail: string }[] = [];
    if (last?.state === 'failed') {
      const [first = '', ...more] = last.failures;
      problems.push({
        code: 'backup-drill-failed',
        detail: `The backups of ${last.finished_at} could not be proven: ${first}${more.length > 0 ? ` And ${more.length} more.` : ''} Say: mosis backup verify`,
      });
    }
    const since = last ? Date.parse(last.finished_at) : this.startedAt;
    const days = Math.floor((this.clock.now().getTime() - since) / DAY_MS);
    if (this.clock.now().getTime() - since > OVERDUE_MS)
      problems.push({
        code: 'backup-drill-overdue',
        detail: `The backups were last verified ${days} days ago. The log says why; or say: mosis backup verify`,
      });
    return problems;
  }

  private async run(all: boolean, onProgress: OnProgress): Promise<BackupDrillResource> {
    const [id, started] = [newId(), this.clock.now()];
    const scratch = join(this.settings.dataDir, 'tmp', `drill-${id}`);
    const startedMs = performance.now();
    let findings: DrillFindings;
    let rpoSeconds: number | null = null;
    try {
      await this.assertPossible();
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      let done = 0;
      findings = await runDrillChild({
        deadlineMs: this.deadlineMs,
        signal: this.closing.signal,
        request: {
          dataDir: this.settings.dataDir,
          scratch,
          location: this.settings.backup.location,
          litestream: this.settings.backup.litestreamPath,
          marker: id,
          auditHead: await new AuditHead(this.settings.dataDir).read(),
          all,
          nowMs: started.getTime(),
        },
        onCounted: async () => {
          rpoSeconds = await this.mark(id);
        },
        onMessage: (message) => {
          if (message.kind === 'step') onProgress({ done: (done += 1), total: DRILL_STEPS });
          else this.hear(message);
        },
      });
    } catch (error) {
      // The next start finds its row, and writes down that it did not end.
      if (this.closing.signal.aborted) {
        await this.db.write((trx) => this.repository.insert(trx, id, started.toISOString()));
        throw error;
      }
      findings = { ...NOTHING, failures: [(error as Error).message] };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    const report = this.describe(id, started, (performance.now() - startedMs) / 1000, rpoSeconds, findings);
    await this.finish(report);
    return report;
  }

  private async finish(report: BackupDrillResource): Promise<void> {
    await this.db.write(async (trx) => {
      await this.repository.forget(trx, new Date(Date.parse(report.started_at) - KEEP_MS).toISOString());
      await this.repository.insertFinished(trx, report);
    });
    this.announce(report);
  }

  /** Writes the markers and waits until the replicas have them; answers how long that took, in seconds. */
  private async mark(id: string): Promise<number> {
    await this.telemetry.recordMarker(id);
    await this.db.write((trx) => this.repository.insert(trx, id, this.clock.timestamp()));
    const committedMs = performance.now();
    const patience = AbortSignal.timeout(SHIP_WITHIN_MS);
    try {
      await this.supervisor?.whenShipped(AbortSignal.any([patience, this.closing.signal]));
    } catch (error) {
      const why = patience.aborted
        ? `it is not there after ${SHIP_WITHIN_MS / 1000} seconds`
        : (error as Error).message;
      throw new Error(`What was just written does not get to the replica: ${why}. Say: mosis backup status`, {
        cause: error,
      });
    }
    const rpoSeconds = (performance.now() - committedMs) / 1000;
    // What cannot be copied in time is missed by the check of objects, which says which.
    await this.mirror?.whenCurrent(AbortSignal.timeout(COPY_WITHIN_MS)).catch(() => undefined);
    return rpoSeconds;
  }

  private async assertPossible(): Promise<void> {
    const { dataDir } = this.settings;
    if (!this.supervisor?.status().available) throw new LitestreamMissingError(this.settings.backup.litestreamPath);
    const bytes = [coreDatabasePath(dataDir), telemetryDatabasePath(dataDir)].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    const needed = bytes * SPACE_FACTOR + SPACE_MARGIN_BYTES;
    const free = await this.readFreeBytes(dataDir);
    if (free < needed)
      throw new Error(`A trial restore needs ${formatBytes(needed)} in ${dataDir}, and ${formatBytes(free)} are free.`);
  }

  private hear(message: DrillMessage): void {
    if (message.kind === 'copies-verified')
      for (const { key, sha256 } of message.copies) this.mirror?.noteVerified(key, sha256);
    // The object itself may well be whole: its copy is made anew.
    else if (message.kind === 'copy-damaged') this.mirror?.copyAgain(message.key);
  }

  private describe(
    id: string,
    started: Date,
    seconds: number,
    rpoSeconds: number | null,
    findings: DrillFindings,
  ): BackupDrillResource {
    const round = (value: number | null) => (value === null ? null : Math.round(value * 100) / 100);
    return {
      id,
      state: findings.failures.length === 0 ? 'passed' : 'failed',
      started_at: started.toISOString(),
      finished_at: this.clock.timestamp(),
      duration_seconds: round(seconds) ?? 0,
      rpo_seconds: round(rpoSeconds),
      rto_seconds: round(findings.rtoSeconds),
      restored_bytes: findings.restoredBytes,
      objects_hashed: findings.objectsHashed,
      checks: findings.checks,
      failures: findings.failures,
    };
  }

  private announce(report: BackupDrillResource): void {
    const fields = {
      'drill.duration_seconds': report.duration_seconds,
      'drill.rpo_seconds': report.rpo_seconds,
      'drill.rto_seconds': report.rto_seconds,
    };
    if (report.state === 'passed') this.logger.log({ msg: 'the backups were restored and proven', ...fields });
    else this.logger.error({ msg: 'THE BACKUPS COULD NOT BE PROVEN', ...fields, failures: report.failures });
  }
}
