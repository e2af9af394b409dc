import type { ChainReport, WrittenSegments } from '../replica/chain.js';
import type { SegmentName } from '../replica/list-generation.js';
import { formatIndex, type Position } from '../replica/position.js';
import type { DatabaseName } from '../location.js';
import { ReplicationLag } from './lag.js';
import { bytesBetween, readLocalState, type LocalState } from './local-position.js';
import type { LitestreamEvent } from './log-line.js';
import type { BackupTrouble, DatabaseBackupStatus, ReplicationState } from './status.js';

/** A snapshot reads and sends the whole file; below this rate it counts as hanging. */
const SLOWEST_SNAPSHOT_BYTES_PER_MS = 500;
const LEAST_SNAPSHOT_MS = 60_000;

/** What the last listing of the replica said. */
export interface ReplicaCheck {
  atMs: number;
  chain: ChainReport | undefined;
  /** Why the replica could not be listed. */
  error: string | undefined;
}

/** Why a database was taken from Litestream, and until when. */
export interface Suspension {
  reason: string;
  untilMs: number;
}

/** What is known of one database's backup: from its files, from Litestream's log and from the replica. */
export class DatabaseWatch {
  readonly lag = new ReplicationLag();
  readonly written = new Map<number, WrittenSegments>();
  local: LocalState | undefined;
  check: ReplicaCheck | undefined;
  /** When everything on the replica was last listed; a new snapshot makes it due. */
  listedAtMs = Number.NEGATIVE_INFINITY;
  /** The last segment that was written. */
  lastSegment: SegmentName | undefined;
  /** Listings in a row from which nothing could be restored. */
  brokenChecks = 0;
  suspension: Suspension | undefined;
  suspensions = 0;
  heals = 0;
  lastHealMs = Number.NEGATIVE_INFINITY;
  generations = 0;
  /** What Litestream last complained about, until it writes something again. */
  complaint: string | undefined;
  #snapshotSinceMs: number | undefined;
  #generation: string | undefined;

  constructor(
    readonly database: DatabaseName,
    readonly file: string,
  ) {}

  /** Takes in a line of Litestream's log. */
  hear(event: LitestreamEvent, nowMs: number): void {
    switch (event.kind) {
      case 'generation':
        this.generations += 1;
        this.beginAnew();
        return;
      case 'snapshot-started':
        this.#snapshotSinceMs = nowMs;
        return;
      case 'snapshot-written':
        this.#snapshotSinceMs = undefined;
        this.complaint = undefined;
        this.listedAtMs = Number.NEGATIVE_INFINITY;
        return;
      case 'segment-written':
        this.complaint = undefined;
        return this.#arrived(event.position, event.sizeBytes);
      case 'trouble':
        this.complaint = event.error ?? event.message;
        return;
      case 'segment-started':
      case 'other':
    }
  }

  /** Litestream is gone: whatever it was doing, it is not doing it any more. */
  interrupted(): void {
    this.#snapshotSinceMs = undefined;
  }

  /** What was known of the replica no longer holds. */
  beginAnew(): void {
    this.lag.forget();
    this.written.clear();
    this.lastSegment = undefined;
    this.check = undefined;
    this.listedAtMs = Number.NEGATIVE_INFINITY;
    this.brokenChecks = 0;
  }

  /** Looks at the files. */
  async look(nowMs: number): Promise<void> {
    const local = await readLocalState(this.file);
    if (local.generation !== this.#generation) {
      this.#generation = local.generation;
      if (this.lag.replicated?.generation !== local.generation) this.lag.forget();
    }
    this.local = local;
    this.lag.observe(local.end, nowMs);
  }

  /** Whether a snapshot is on its way and may still take its time. */
  isSnapshotting(nowMs: number): boolean {
    if (this.#snapshotSinceMs === undefined) return false;
    const enoughMs = LEAST_SNAPSHOT_MS + (this.local?.databaseBytes ?? 0) / SLOWEST_SNAPSHOT_BYTES_PER_MS;
    return nowMs - this.#snapshotSinceMs < enoughMs;
  }

  /** Drops what is known of segments that no restore of now needs, so that memory stays flat. */
  forgetBefore(index: number): void {
    for (const known of this.written.keys()) if (known < index) this.written.delete(known);
  }

  get lagBytes(): number {
    return this.local ? bytesBetween(this.lag.replicated, this.local) : 0;
  }

  /** What is wrong; `undefined` when nothing is, `null` while nobody knows. */
  findTrouble(state: ReplicationState, lateAfterMs: number, nowMs: number): BackupTrouble | null | undefined {
    if (state === 'off') return { kind: 'missing', detail: 'there is no Litestream' };
    if (this.suspension) return { kind: 'suspended', detail: this.suspension.reason };
    if (state === 'waiting') return { kind: 'stopped', detail: 'Litestream is not running and will be started again' };
    if (this.isSnapshotting(nowMs)) return this.check?.chain?.restorable ? undefined : null;
    if (state === 'idle') return this.#findIdleTrouble();
    const ageMs = this.lag.ageMs(nowMs);
    if (ageMs > lateAfterMs) {
      const why = this.complaint ?? this.check?.error;
      const detail = `nothing has arrived for ${Math.round(ageMs / 1000)} seconds${why === undefined ? '' : `: ${why}`}`;
      return { kind: 'late', detail };
    }
    return this.#findReplicaTrouble();
  }

  /** Nobody ships anything now: what lies here alone would be lost with this machine. */
  #findIdleTrouble(): BackupTrouble | null | undefined {
    if (this.local?.generation === undefined) return { kind: 'broken', detail: 'it was never backed up from here' };
    const trouble = this.#findReplicaTrouble();
    if (trouble || this.lagBytes === 0) return trouble;
    return { kind: 'late', detail: `${this.lagBytes} bytes wait for the next start of the server` };
  }

  #findReplicaTrouble(): BackupTrouble | null | undefined {
    const { error, chain } = this.check ?? {};
    if (error !== undefined) return { kind: 'unreachable', detail: `the replica cannot be listed: ${error}` };
    if (chain?.problem !== undefined) return { kind: 'broken', detail: chain.problem };
    return this.check ? undefined : null;
  }

  /** Whether nothing of what was written waits for Litestream to copy it. */
  get isCopied(): boolean {
    if (this.suspension || !this.local || this.local.databaseBytes === 0) return true;
    const { end, shadow } = this.local;
    const last = shadow.at(-1);
    return end !== undefined && last?.index === end.index && last.sizeBytes === end.offset;
  }

  describe(state: ReplicationState, lateAfterMs: number, nowMs: number): DatabaseBackupStatus {
    const trouble = this.findTrouble(state, lateAfterMs, nowMs);
    const replicated = this.lag.replicated;
    const chain = this.check?.chain;
    return {
      database: this.database,
      state: this.suspension && state !== 'off' ? 'suspended' : state,
      healthy: trouble === null ? null : trouble === undefined,
      trouble: trouble ?? null,
      snapshotting: this.isSnapshotting(nowMs),
      generation: this.local?.generation ?? null,
      position: replicated ? `${formatIndex(replicated.index)}:${replicated.offset}` : null,
      lagBytes: this.lagBytes,
      lagSeconds: this.lag.ageMs(nowMs) / 1000,
      walBytes: this.local?.walBytes ?? 0,
      shadowBytes: this.local?.shadowBytes ?? 0,
      snapshots: chain?.snapshots ?? 0,
      segments: chain?.segments ?? 0,
      restorableSince: chain?.since ?? null,
      checkedAt: this.check ? new Date(this.check.atMs) : null,
      generations: this.generations,
    };
  }

  #arrived({ generation, index, offset }: Position, sizeBytes: number): void {
    const to = offset + sizeBytes;
    this.lastSegment = { index, offset };
    const before = this.written.get(index);
    if (before && before.to === offset) this.written.set(index, { from: before.from, to, count: before.count + 1 });
    else this.written.set(index, { from: offset, to, count: 1 });
    this.lag.shipped({ generation, index, offset: to });
  }
}
