import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObjectStore, type ObjectStore } from '@mosis/object-store';
import type { RawConnection } from '@mosis/sqlite';
import { runAudit, type AuditParts } from '../../src/engine/audit-run.js';
import { ClockWatch } from '../../src/engine/clock-watch.js';
import { Erasures } from '../../src/engine/erasures.js';
import { runRetention } from '../../src/engine/retention-run.js';
import type {
  AuditReport,
  BotThresholds,
  EngineOptions,
  ErasureState,
  IngestLimits,
  RetentionReport,
  UploadOutcome,
} from '../../src/engine/types.js';
import type { DeviceDayKey, RollupChange } from '../../src/rollup/rollup-store.js';
import { ScanTasks } from '../../src/scan/scan-tasks.js';
import type { ScanThread } from '../../src/scan/scan-thread.js';
import { formatDay } from '../../src/storage/days.js';
import { migrateTelemetry, openTelemetryWriter, telemetryDatabasePath } from '../../src/storage/telemetry-file.js';
import { Maintenance } from '../../src/writer/maintenance.js';
import { TelemetryStore } from '../../src/writer/telemetry-store.js';
import type { WriterThread } from '../../src/writer/writer-thread.js';
import { bodyOf, type SentBatch } from './batches.js';
import { TestClock } from './test-clock.js';

/** Limits nothing in a test reaches by accident. */
export const WIDE_LIMITS: IngestLimits = {
  eventsPerAppDay: 1e9,
  newDevicesPerAppDay: 1e9,
  waitingBytes: 64 * 1024 * 1024,
  waitingBytesPerApp: 64 * 1024 * 1024,
};
/** Thresholds that a handful of events reach. */
export const TINY_BOTS: BotThresholds = { eventsPerDay: 12, interactionsPerDay: 8, activeHours: 4 };
export const NO_BOTS: BotThresholds = { eventsPerDay: 1e9, interactionsPerDay: 1e9, activeHours: 25 };
export const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

let migrated: Buffer | undefined;

/** A migrated telemetry.db nobody has written to: writing it is quicker than migrating. */
function migratedFile(): Buffer {
  if (migrated === undefined) {
    const dataDir = mkdtempSync(join(tmpdir(), 'mosis-telemetry-empty-'));
    migrateTelemetry(dataDir);
    migrated = readFileSync(telemetryDatabasePath(dataDir));
    rmSync(dataDir, { recursive: true });
  }
  return migrated;
}

type Methods = Record<string, (input: unknown) => unknown>;

/**
 * The engine's own parts on one connection and without threads: the same transactions and the same orchestration, one
 * after the other, so that a test can try thousands of orders and stop the work at any step.
 */
export class DirectEngine {
  readonly clock: TestClock;
  readonly dataDir: string;
  readonly objects: ObjectStore;
  db!: RawConnection;
  store!: TelemetryStore;
  readonly suspects = new Map<string, DeviceDayKey>();
  /** Counts down with each step an erasure or audit takes; the step that meets 0 is not done: the process dies there. */
  stepsUntilDeath = Number.POSITIVE_INFINITY;
  /** As of a server whose exports are off. */
  rawDays = 8;
  exportAggregates = false;
  #watch!: ClockWatch;
  #maintenance!: Maintenance;
  #scan!: ScanTasks;
  #erasures!: Erasures;
  #bots: BotThresholds;

  constructor(options: { bots?: BotThresholds; clock?: TestClock; dataDir?: string; objects?: ObjectStore } = {}) {
    this.clock = options.clock ?? new TestClock();
    this.#bots = options.bots ?? NO_BOTS;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mosis-telemetry-'));
    this.objects = options.objects ?? createObjectStore({ url: `file://${this.dataDir}/objects` });
    if (!options.dataDir) writeFileSync(telemetryDatabasePath(this.dataDir), migratedFile());
    this.#open();
  }

  get file(): string {
    return telemetryDatabasePath(this.dataDir);
  }

  /** Stores batches in one commit. */
  uploadBodies(bodies: readonly { packageId: string; body: Buffer; sentAt?: string }[]): UploadOutcome[] {
    const { results, change } = this.store.commit(
      bodies.map(({ packageId, body, sentAt }) => ({
        packageId,
        body,
        contentEncoding: undefined,
        sentAt,
        receivedMs: this.clock.wallMs,
      })),
      this.clock.wallMs,
    );
    this.#note(change);
    return results.map(({ outcome }) => outcome);
  }

  /** Stores batches of devices whose clocks are right. */
  upload(...batches: SentBatch[]): UploadOutcome[] {
    return this.uploadBodies(
      batches.map((batch) => ({ packageId: batch.packageId, body: bodyOf(batch, this.clock.wallMs) })),
    );
  }

  flush(): void {
    this.#note(this.#maintenance.flush());
  }

  /** Applies the verdicts that wait; `meanwhile` happens after a device's rows were collected. */
  judge(meanwhile: () => void = () => undefined): void {
    for (const [name, key] of this.suspects) {
      const collected = this.#scan.collectDeviceDay(key);
      meanwhile();
      this.call('applyVerdict', { ...key, toBot: true, ...collected });
      this.suspects.delete(name);
    }
  }

  call<Result = unknown>(name: keyof Maintenance, input?: unknown): Result {
    const value = (this.#maintenance as unknown as Methods)[name]?.(input);
    this.#note(value as RollupChange);
    return value as Result;
  }

  erase(packageId: string, deviceId: string): Promise<ErasureState> {
    return this.#erasures.request(packageId, deviceId);
  }

  runErasures(): Promise<{ done: number }> {
    return this.#erasures.run();
  }

  /** Without `copies` it counts from raw rows. */
  runAudit(repair = false, copies?: AuditParts['copies']): Promise<AuditReport> {
    return runAudit(
      {
        ...(copies ? { copies } : {}),
        writer: this.#writerParts,
        scan: this.#scanParts,
        alone: (work) => work(),
        today: Math.floor(this.clock.wallMs / 86_400_000),
        applyVerdict: async (key, bot) => this.#apply(key, bot),
      },
      { repair, onProgress: (day) => void formatDay(day) },
    );
  }

  runRetention(): Promise<RetentionReport> {
    this.#watch.look();
    const options = {
      dataDir: this.dataDir,
      now: this.clock.now,
      rawDays: this.rawDays,
      exportAggregates: this.exportAggregates,
      exportRaw: false,
    } as EngineOptions;
    return runRetention({ options, writer: this.#writerParts, scan: this.#scanParts, clock: this.#watch });
  }

  /** Ends as a kill would and starts again on the same file: what was only in memory is lost. */
  reopen(bots: BotThresholds = this.#bots): void {
    this.db.close();
    this.#bots = bots;
    this.suspects.clear();
    this.stepsUntilDeath = Number.POSITIVE_INFINITY;
    this.#open();
  }

  close(): void {
    this.db.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #open(): void {
    this.db = openTelemetryWriter(this.dataDir);
    // Nothing here has to survive a power cut; that every answer follows a sync has a test of its own.
    this.db.pragma('synchronous = OFF');
    this.store = new TelemetryStore(this.db, { bots: this.#bots, limits: WIDE_LIMITS, log: SILENT });
    this.#watch = new ClockWatch(this.clock.now, this.clock.monotonic);
    this.#maintenance = new Maintenance(this.store, this.clock.now);
    this.#scan = new ScanTasks(this.db, this.#bots);
    this.#erasures = new Erasures({
      writer: this.#writerParts,
      scan: this.#scanParts,
      objects: this.objects,
      now: this.clock.now,
      log: SILENT,
    });
  }

  get #writerParts(): WriterThread {
    const call = async (name: keyof Maintenance, input?: unknown) => {
      this.#step();
      return this.call(name, input);
    };
    return { call } as unknown as WriterThread;
  }

  get #scanParts(): ScanThread {
    const run = async (name: string, input: unknown) => (this.#scan as unknown as Methods)[name]?.(input);
    return { run } as unknown as ScanThread;
  }

  #step(): void {
    if (this.stepsUntilDeath <= 0) throw new Error('killed');
    this.stepsUntilDeath -= 1;
  }

  #apply(key: DeviceDayKey, toBot: boolean): void {
    this.call('applyVerdict', { ...key, toBot, ...this.#scan.collectDeviceDay(key) });
  }

  #note(change: RollupChange | undefined): void {
    for (const key of change?.suspects ?? []) this.suspects.set(`${key.app}/${key.day}/${key.device}`, key);
  }
}
