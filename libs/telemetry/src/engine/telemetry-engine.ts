import { existsSync, statSync } from 'node:fs';
import { Mutex } from '@mosis/sqlite/connection';
import {
  AGGREGATES_FOLDER,
  AnalyticsProcess,
  purgeExports,
  runArchive,
  runExport,
  type ColumnarDeps,
  type SqlAnswer,
} from '../columnar/index.js';
import { LivePresence, type LiveCounts } from '../live/live-presence.js';
import { ReaderThread } from '../queries/reader-thread.js';
import type { RawQueries, TelemetryQueries } from '../queries/types.js';
import { ScanThread } from '../scan/scan-thread.js';
import { dayOf, formatDay, parseDay } from '../storage/days.js';
import { archivePath, telemetryDatabasePath } from '../storage/telemetry-file.js';
import { WriterThread } from '../writer/writer-thread.js';
import { Admission } from './admission.js';
import { AnswerCache } from './answer-cache.js';
import { runAudit } from './audit-run.js';
import { BotJudge } from './bot-judge.js';
import { ClockWatch } from './clock-watch.js';
import { daysOfQuery, widenToHours } from './days-of-query.js';
import { MINUTE_MS, SECOND_MS } from './durations.js';
import { Erasures } from './erasures.js';
import { runRetention } from './retention-run.js';
import { readStorageReport } from './storage-report.js';
import { WriterColumnarState } from './writer-columnar-state.js';
import type {
  AuditReport,
  EngineOptions,
  EngineStatus,
  ErasureState,
  RetentionReport,
  StorageReport,
  UploadOutcome,
  UploadRequest,
} from './types.js';

const CACHE_BYTES = 16 * 1024 * 1024;
const CACHE_AGE_MS = 10 * MINUTE_MS;
const LIVE_WINDOW_MS = 150 * SECOND_MS;
const LIVE_SESSIONS = 200_000;
const LIVE_VERSIONS = 50;
/** Fewer rows are counted from SQLite before the analytics process has started. */
const RECOUNT_COPIES_FROM_ROWS = 100_000;
const WATCH_MS = 2 * SECOND_MS;
const LOOK_MS = 15 * SECOND_MS;
/** What is asked for debugging shows the state of now. */
const NEVER_CACHED: ReadonlySet<keyof TelemetryQueries> = new Set(['events', 'rejections']);

/**
 * The telemetry engine of one data directory. Uploads go to the writer thread and are answered after their commit;
 * questions are answered from roll-ups by a reader thread, behind a cache that every change of a bucket day goes through.
 */
export class TelemetryEngine {
  readonly #writer: WriterThread;
  readonly #reader: ReaderThread;
  readonly #scan: ScanThread;
  readonly #analytics: AnalyticsProcess;
  readonly #live: LivePresence;
  readonly #cache: AnswerCache;
  readonly #erasures: Erasures;
  readonly #clock: ClockWatch;
  readonly #admission: Admission;
  readonly #judge: BotJudge;
  /** Verdicts, erasures, audits, repairs and drops work on what the others must not change meanwhile. */
  readonly #maintenance = new Mutex();
  #watchTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #stored: StorageReport = { partitions: 0, rawRows: 0, oldestPartition: null, archiveWaiting: 0, exportWaiting: 0 };
  #closing = false;

  private constructor(private readonly options: EngineOptions) {
    const { dataDir, bots, limits, gatherMs, now, log } = options;
    const monotonic = options.monotonic ?? (() => performance.now());
    this.#clock = new ClockWatch(now, monotonic);
    this.#live = new LivePresence({
      windowMs: LIVE_WINDOW_MS,
      maxSessions: LIVE_SESSIONS,
      maxVersionsShown: LIVE_VERSIONS,
      now: monotonic,
    });
    this.#cache = new AnswerCache({ maxBytes: CACHE_BYTES, maxAgeMs: CACHE_AGE_MS, now: monotonic });
    this.#admission = new Admission(options, monotonic);
    this.#writer = new WriterThread({
      dataDir,
      bots,
      limits,
      gatherMs,
      now,
      log,
      readOnly: options.readOnly ?? false,
      ...(options.autoCheckpoint === undefined ? {} : { autoCheckpoint: options.autoCheckpoint }),
      checkpointPages: options.checkpointPages,
      onSeen: ({ packageId }, { sighting }) => {
        if (!sighting) return;
        const { deviceId, sessionId, appVersion, ended } = sighting;
        if (ended) this.#live.ended(packageId, sessionId);
        else this.#live.seen({ appId: packageId, deviceKey: deviceId, sessionKey: sessionId, appVersion });
      },
      onChange: ({ touched, suspects }) => {
        for (const { packageId, day } of touched) this.#cache.changed(packageId, day);
        this.#judge.suspect(suspects);
      },
    });
    this.#reader = new ReaderThread({ dataDir, rawDays: options.rawDays, now });
    this.#scan = new ScanThread({ dataDir, bots });
    this.#judge = new BotJudge({
      writer: this.#writer,
      scan: this.#scan,
      alone: (work) => this.#alone(work),
      log,
    });
    this.#analytics = new AnalyticsProcess({
      dataDir,
      rawDays: options.rawDays,
      memoryLimitMb: options.analyticsMemoryMb,
      aggregatesFolder: options.objects.localPath?.(AGGREGATES_FOLDER),
      now,
    });
    this.#erasures = new Erasures({ writer: this.#writer, scan: this.#scan, objects: options.objects, now, log });
  }

  /**
   * Starts the engine on a migrated telemetry.db: what a killed predecessor stored and did not roll up is counted before
   * it resolves.
   */
  static async open(options: EngineOptions): Promise<TelemetryEngine> {
    const engine = new TelemetryEngine(options);
    await engine.#watch();
    await engine.#writer.start();
    await engine.#look();
    engine.#watchTimer = setInterval(() => void engine.#watch(), WATCH_MS).unref();
    engine.#lookTimer = setInterval(() => void engine.#look(), LOOK_MS).unref();
    return engine;
  }

  /** Stores one upload; resolves after the commit that holds it has been synced, or with why it was refused. */
  async upload(request: UploadRequest): Promise<UploadOutcome> {
    const refused = this.#admission.refuse(request);
    if (refused) return refused;
    const { packageId, body, contentEncoding, sentAt } = request;
    return this.#writer.upload({ packageId, body, contentEncoding, sentAt, receivedMs: this.options.now() });
  }

  /** Notes that a session is alive; nothing is stored. */
  heartbeat(sighting: { packageId: string; deviceId: string; sessionId: string; appVersion: string }): void {
    this.#live.seen({
      appId: sighting.packageId,
      deviceKey: sighting.deviceId,
      sessionKey: sighting.sessionId.toLowerCase(),
      appVersion: sighting.appVersion,
    });
  }

  /** Who uses an app now, from memory. */
  live(packageId: string): LiveCounts {
    return this.#live.read(packageId);
  }

  /** Answers a question from the roll-ups. @throws QueryError, ReaderOverloadedError, ReaderUnavailableError */
  async query<Name extends keyof TelemetryQueries>(
    name: Name,
    query: TelemetryQueries[Name]['query'],
  ): Promise<TelemetryQueries[Name]['answer']> {
    if (NEVER_CACHED.has(name)) return this.#reader.run(name, query);
    const question = widenToHours(query);
    const days = daysOfQuery(name, question, this.options.now());
    return this.#cache.get(query.packageId, `${name} ${JSON.stringify(question)}`, days, () =>
      this.#reader.run(name, question),
    );
  }

  /** Answers a question from raw events, in the analytics process. @throws QueryError, DeadlineError, AnalyticsError */
  async rawQuery<Name extends keyof RawQueries>(
    name: Name,
    query: RawQueries[Name]['query'],
  ): Promise<RawQueries[Name]['answer']> {
    const days = { first: dayOf(query.range.fromMs), last: dayOf(query.range.toMs) };
    return this.#cache.get(query.packageId, `${name} ${JSON.stringify(query)}`, days, () =>
      this.#analytics.rawQuery(name, query),
    );
  }

  /** Runs one SELECT of the operator's over the views `events` and `aggregates`. @throws as `rawQuery` */
  async sql(text: string): Promise<SqlAnswer> {
    return this.#analytics.sql(text);
  }

  /** Records that a device is to be forgotten; the work follows at once, and after a restart. */
  async erase(packageId: string, deviceId: string): Promise<ErasureState> {
    const state = await this.#alone(() => this.#erasures.request(packageId, deviceId));
    this.#live.forgetDevice(packageId, deviceId);
    return state;
  }

  async findErasure(packageId: string, erasure: string): Promise<ErasureState | undefined> {
    return this.#erasures.find(packageId, erasure);
  }

  /** Does what erasures have left to do, and renews the copies that still held what was erased. */
  async runErasures(): Promise<{ done: number }> {
    const { done } = await this.#alone(() => this.#erasures.run());
    if (done > 0) {
      await this.runArchive();
      await this.runExport();
    }
    return { done };
  }

  /** Gives every closed partition a Parquet copy that was compared with it. @throws VerificationError, AnalyticsError */
  async runArchive(): Promise<{ archived: string[] }> {
    return this.#alone(async () => {
      await this.#writer.call('flush');
      return runArchive(this.#columnar());
    });
  }

  /**
   * Brings the object store up to date with what may go there: nothing new while exports are off, but raw copies from before
   * are renewed after an erasure and removed in their time. @throws ExportError
   */
  async runExport(): Promise<{ exported: string[] }> {
    const { exportAggregates: aggregates, exportRaw, rawDays } = this.options;
    return this.#alone(async () => {
      await this.#writer.call('flush');
      return runExport(this.#columnar(), { aggregates, raw: aggregates && exportRaw, rawDays });
    });
  }

  /** Removes exported aggregates of days before `before`; with `dryRun` says which. @throws RangeError, ExportError */
  async purgeExports(options: { before: string; dryRun: boolean }): Promise<{ removed: string[] }> {
    return this.#alone(() => purgeExports(this.#columnar(), options));
  }

  /** Writes down what a verification of the backups looks for in what comes back; resolves after it is synced. */
  async recordMarker(marker: string): Promise<void> {
    await this.#writer.call('recordMarker', { marker });
  }

  /** What is stored, and what waits for a copy, as of now. */
  async describeStorage(): Promise<StorageReport> {
    // The rows of a day are counted with its roll-ups, which are some seconds behind.
    if (!this.options.readOnly) await this.#writer.call('flush');
    await this.#look();
    return this.#stored;
  }

  /** Drops partitions that have served their time, and what hangs on them. */
  async runRetention(): Promise<RetentionReport> {
    this.#clock.look();
    return this.#alone(() =>
      runRetention({ options: this.options, writer: this.#writer, scan: this.#scan, clock: this.#clock }),
    );
  }

  /** Counts bucket days again and compares; with `repair`, puts right what differs. @throws RangeError for a range that ends before it begins */
  async runAudit(
    range: { from?: string; to?: string; repair?: boolean; onProgress?: (day: string) => void } = {},
  ): Promise<AuditReport> {
    const { from, to } = range;
    if (from !== undefined && to !== undefined && from > to)
      throw new RangeError(`No day lies between ${from} and ${to}: the range ends before it begins.`);
    return runAudit(
      {
        writer: this.#writer,
        alone: (work) => this.#alone(work),
        scan: this.#scan,
        copies: {
          fromRows: this.options.recountCopiesFromRows ?? RECOUNT_COPIES_FROM_ROWS,
          has: (partition) => existsSync(archivePath(this.options.dataDir, formatDay(partition))),
          count: async (day) => this.#analytics.recountDay(day),
          onFailure: (day, error) =>
            this.options.log.warn(
              { err: error, day: formatDay(day) },
              'a day is counted from raw rows, not from copies',
            ),
        },
        today: dayOf(this.options.now()),
        applyVerdict: (key, bot) => this.#judge.apply(key, bot),
      },
      {
        ...(range.from === undefined ? {} : { from: parseDay(range.from) }),
        ...(range.to === undefined ? {} : { to: parseDay(range.to) }),
        repair: range.repair ?? false,
        onProgress: (day) => range.onProgress?.(formatDay(day)),
      },
    );
  }

  /** Says whether commits fold the WAL of telemetry.db into the file, or leave it to Litestream. */
  setAutoCheckpoint(on: boolean): void {
    this.#writer.setAutoCheckpoint(on);
  }

  /** What operators see; cheap enough for every scrape. */
  status(): EngineStatus {
    const file = telemetryDatabasePath(this.options.dataDir);
    const { uploads, events, commits, refused, restarts, rollupLagMs } = this.#writer.counters;
    return {
      writer: {
        uploads,
        events,
        commits,
        refused: { ...refused },
        waitingUploads: this.#writer.waitingUploads,
        waitingBytes: this.#writer.waitingBytes,
        rollupLagMs,
        restarts,
      },
      databaseBytes: sizeOf(file),
      walBytes: sizeOf(`${file}-wal`),
      freeBytes: this.#admission.freeBytes,
      ...this.#stored,
      clockJumpMs: this.#clock.doubtedJumpMs,
    };
  }

  /** Resolves when no verdict waits to be applied. */
  async settled(): Promise<void> {
    await this.#writer.call('flush');
    await this.#judge.settled();
  }

  /** Answers what was accepted, writes the roll-ups and gives everything back. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watchTimer);
    clearInterval(this.#lookTimer);
    await this.#judge.close();
    await this.#writer.close();
    await Promise.all([this.#reader.close(), this.#scan.close(), this.#analytics.close()]);
  }

  #columnar(): ColumnarDeps {
    const { dataDir, objects, now, log } = this.options;
    const state = new WriterColumnarState(this.#writer);
    return {
      dataDir,
      analytics: this.#analytics,
      state,
      objects,
      now,
      log: (fields, message) => log.info(fields, message),
    };
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#maintenance.lock();
    try {
      return await work();
    } finally {
      await this.#look();
      this.#maintenance.unlock();
    }
  }

  /** Looks what is stored, for the status. */
  async #look(): Promise<void> {
    try {
      const state = new WriterColumnarState(this.#writer);
      this.#stored = await readStorageReport(state, this.options);
    } catch (error) {
      if (!this.#closing) this.options.log.warn({ err: error }, 'the state of telemetry.db cannot be read');
    }
  }

  /** Looks at the clock, and how much room there is. */
  async #watch(): Promise<void> {
    const jumpMs = this.#clock.look();
    if (jumpMs !== undefined) {
      this.options.log.warn({ 'clock.jump_ms': Math.round(jumpMs) }, 'the clock has jumped; retention waits for a day');
    }
    await this.#admission.checkDisk();
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
