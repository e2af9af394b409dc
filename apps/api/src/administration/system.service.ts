import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { CoreDatabase, coreDatabasePath, readCoreMigrations } from '@mosis/db';
import { Migrator } from '@mosis/sqlite';
import { AuditRepository } from '../audit/audit.repository.js';
import { BackupDrillService } from '../backups/backup-drill.service.js';
import { BackupsService } from '../backups/backups.service.js';
import { ObjectMirrorService } from '../backups/object-mirror.service.js';
import { Clock, DAY_MS, HOUR_MS } from '../common/clock.js';
import { VERSION } from '../common/version.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { JobsRepository } from '../jobs/jobs.repository.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService, type ObjectsReport } from '../objects/objects.service.js';
import { VerifiedObjectsService } from '../objects/verified-objects.service.js';
import { ReviewDeskService } from '../review-desk/review-desk.service.js';
import { TelemetryStatusService } from '../telemetry/telemetry-status.service.js';
import type { SystemReport } from './administration.schemas.js';

const STORE_CHECK_EVERY_MS = 30_000;
/** A store that hangs is given up after minutes, and health checks cannot wait so long; one that refuses says so within two seconds. */
const STORE_ANSWER_MS = 3_000;
/** What was given up longer ago is history, not a problem: nobody can do anything about it. */
const RECENTLY_FAILED_MS = 3 * DAY_MS;
/** Damage is met with each request for it, and hashing all objects may take an hour. */
const DAMAGE_PAUSE_MS = 6 * HOUR_MS;
const LOW_DISK_BYTES = 1024 ** 3;

interface JobReport {
  state: string;
  finished_at: string;
  result: unknown;
  error: string | null;
}

/** A try of the object store. */
interface StoreCheck {
  ended: Promise<void>;
  endedMs?: number;
  /** Resolves when it has run for longer than anybody waits for it. */
  isLong: Promise<void>;
}

/** How the server is, in numbers and in plain words for what is wrong. */
@Injectable()
export class SystemService implements OnModuleInit {
  private readonly logger = new Logger('system');
  private readonly startedAt: Date;
  private verifiedSoonMs = Number.NEGATIVE_INFINITY;
  private storeCheck: StoreCheck | undefined;
  /** What the last check that ended complained of; no server starts whose store cannot be used. */
  private storeMessage: string | undefined;

  constructor(
    private readonly db: CoreDatabase,
    private readonly objects: ObjectsService,
    private readonly verified: VerifiedObjectsService,
    private readonly desk: ReviewDeskService,
    private readonly auditRows: AuditRepository,
    private readonly jobs: JobsService,
    private readonly jobRows: JobsRepository,
    private readonly telemetry: TelemetryStatusService,
    private readonly backups: BackupsService,
    private readonly mirror: ObjectMirrorService,
    private readonly drills: BackupDrillService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    this.startedAt = clock.now();
  }

  onModuleInit(): void {
    this.jobs.register('objects.verify', () => this.objects.findDamagedObjects(), {
      everyMs: DAY_MS,
      lane: 'checks',
    });
    this.verified.onDamage(() => void this.verifySoon());
  }

  /** Has all objects verified, since one was met that is damaged: what comes of it is in the report, and in the health check. */
  private async verifySoon(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.verifiedSoonMs < DAMAGE_PAUSE_MS) return;
    this.verifiedSoonMs = nowMs;
    try {
      await this.db.write((trx) => this.jobs.ensureQueued(trx, 'objects.verify'));
    } catch (error) {
      this.logger.error({ msg: 'the objects could not be queued to be verified', err: error });
    }
  }

  /** Everything an operator asks first. */
  async report(): Promise<SystemReport> {
    const file = coreDatabasePath(this.settings.dataDir);
    const disk = await statfs(this.settings.dataDir);
    const memory = process.memoryUsage();
    const waiting = await this.desk.countPending();
    const [audit, drill] = [await this.latest('audit.verify'), await this.latest('objects.verify')];
    const report = {
      version: VERSION,
      node_version: process.version,
      sqlite_version: (this.db.rawWriter.prepare('SELECT sqlite_version() AS version').get() as { version: string })
        .version,
      started_at: this.startedAt.toISOString(),
      uptime_seconds: Math.round((this.clock.now().getTime() - this.startedAt.getTime()) / 1000),
      memory: { resident_bytes: memory.rss, heap_used_bytes: memory.heapUsed },
      database: {
        size_bytes: sizeOf(file),
        wal_bytes: sizeOf(`${file}-wal`),
        migrations: new Migrator(this.db.rawWriter, readCoreMigrations()).status(),
      },
      disk: { free_bytes: disk.bavail * disk.bsize, total_bytes: disk.blocks * disk.bsize },
      object_store: this.objects.store.describe(),
      mail: this.settings.smtpUrl ? ('smtp' as const) : ('outbox' as const),
      reviews: { pending: waiting.pending, overdue: waiting.overdue, oldest_due_at: waiting.oldestDueAt },
      audit: { last_seq: (await this.auditRows.findEnd())?.seq ?? 0, last_verified: audit ?? null },
      package_drill: drill ?? null,
      jobs: await this.jobRows.countByState(),
      repeating_jobs: await this.jobs.listRepeating(),
      telemetry: await this.telemetry.resource(),
      backup: await this.describeBackup(),
    };
    const problems = [
      ...findProblems(report.disk.free_bytes, audit, drill, await this.countFailed()),
      ...(await this.findStoreProblem((message) => `Packages cannot be stored or read: ${message}`)),
      ...(await this.telemetry.findProblems()),
      ...this.backups.findProblems(),
      ...this.mirror.findProblems(),
      ...(await this.drills.findProblems()),
    ];
    return { ...report, problems };
  }

  /** Only what is wrong, the object store included, as anybody may read it; cheap enough to be asked every few seconds. */
  async findProblems(): Promise<SystemReport['problems']> {
    const disk = await statfs(this.settings.dataDir);
    const found = findProblems(
      disk.bavail * disk.bsize,
      await this.latest('audit.verify'),
      await this.latest('objects.verify'),
      await this.countFailed(),
    );
    return [
      ...found,
      ...(await this.findStoreProblem(() => 'Packages cannot be stored or read. The system report says why.')),
      ...(await this.telemetry.findProblems()),
      ...this.backups.findProblems(),
      ...this.mirror.findProblems(),
      ...(await this.drills.findProblems()),
    ];
  }

  /**
   * Tries the object store out, at most twice a minute and once at a time: health checks come every few seconds, and a store
   * that hangs must not be asked anew by each. While a check takes long, what the one before it found counts. `describe`
   * makes a sentence of the store's message, which may name where it lies.
   */
  private async findStoreProblem(describe: (message: string) => string): Promise<SystemReport['problems']> {
    const nowMs = this.clock.now().getTime();
    const endedMs = this.storeCheck?.endedMs;
    if (!this.storeCheck || (endedMs !== undefined && nowMs - endedMs > STORE_CHECK_EVERY_MS)) {
      const note = (message: string | undefined) => {
        check.endedMs = this.clock.now().getTime();
        this.storeMessage = message;
      };
      const check: StoreCheck = {
        ended: this.objects.store.check().then(
          () => note(undefined),
          (error: Error) => note(error.message),
        ),
        isLong: setTimeout(STORE_ANSWER_MS, undefined, { ref: false }),
      };
      this.storeCheck = check;
    }
    await Promise.race([this.storeCheck.ended, this.storeCheck.isLong]);
    return this.storeMessage === undefined
      ? []
      : [{ code: 'object-store-unavailable', detail: describe(this.storeMessage) }];
  }

  private async describeBackup(): Promise<SystemReport['backup']> {
    const databases = this.backups.resource();
    if (!databases) return null;
    return {
      ...databases,
      objects: this.mirror.resource(),
      last_drill: (await this.drills.findLatest()) ?? null,
    };
  }

  private async countFailed(): Promise<SystemReport['jobs']> {
    return this.jobRows.countFailedSince(this.clock.timestampIn(-RECENTLY_FAILED_MS));
  }

  private async latest(kind: string): Promise<JobReport | undefined> {
    const job = await this.jobRows.findLatest(kind);
    return (
      job && {
        state: job.state,
        finished_at: job.updated_at,
        result: job.result === null ? null : (JSON.parse(job.result) as unknown),
        error: job.last_error,
      }
    );
  }
}

function findProblems(
  freeBytes: number,
  audit: JobReport | undefined,
  drill: JobReport | undefined,
  failed: SystemReport['jobs'],
): SystemReport['problems'] {
  const problems: SystemReport['problems'] = [];
  if (freeBytes < LOW_DISK_BYTES)
    problems.push({
      code: 'disk-low',
      detail: 'Less than 1 GiB is free where the data lies. Make room, or uploads will be refused.',
    });
  const chain = audit?.result as { ok: boolean; problem: string | null } | null | undefined;
  if (chain && !chain.ok)
    problems.push({
      code: 'audit-chain-broken',
      detail: `The audit log does not verify: ${chain.problem ?? ''} Somebody changed the file; compare with a backup.`,
    });
  const objects = drill?.result as Partial<ObjectsReport> | null | undefined;
  // A report of an earlier version names all and has no count.
  const damaged = objects?.damaged_count ?? objects?.damaged?.length ?? 0;
  if (damaged > 0)
    problems.push({
      code: 'packages-damaged',
      detail: `${damaged} package(s) or icon(s) are missing or changed in the object store. Restore them from a backup.`,
    });
  if (failed.length > 0)
    problems.push({
      code: 'jobs-failed',
      detail: `Background work was given up: ${failed.map(({ kind, count }) => `${kind} (${count})`).join(', ')}. The log says why.`,
    });
  return problems;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
