import type { Platform } from './platform.js';
import {
  batchKey,
  countDrop,
  dropBatch,
  journalKey,
  removeBatch,
  sumOf,
  type BatchRecord,
  type DropReason,
  type QueueState,
} from './queue-state.js';
import type { TelemetryStorage } from './storage/storage.js';
import { checksum, encodeUtf8 } from './text.js';

export const STATE_KEY = 'state';

/** Server's limit is 1 MiB inflated; the rest is for the envelope. */
const MAX_BATCH_BYTES = 900_000;
const MAX_BATCH_EVENTS = 500;

export interface QueueLimits {
  maxQueueEvents: number;
  maxQueueBytes: number;
  maxEventAgeMs: number;
}

/** A batch in doubt outlives the age limit, because only the server knows; its ledger remembers 16 days and more. */
const MAX_DOUBT_MS = 14 * 86_400_000;

interface OpenBatch {
  /** The batch's fields beside id, events and drops, as JSON. */
  header: string;
  events: string[];
  sizeBytes: number;
  oldestAtMs: number;
}

/**
 * The queue in memory, and its copy in the storage. Changes happen at once in memory; `commit` makes them last. Sealed
 * batches are files of their own, open events are lines of a journal, and the state file decides which of them count.
 */
export class Queue {
  private open: OpenBatch | undefined;
  /** Lines that the journal lacks. */
  private lines: string[] = [];
  /** Sealed bodies that the storage lacks. */
  private readonly unsaved = new Map<string, Uint8Array<ArrayBuffer>>();
  private waste: string[];
  private stateChanged = true;
  private disposed = false;
  private writing: Promise<unknown> = Promise.resolve();
  private nextWrite: Promise<boolean> | undefined;

  constructor(
    private readonly storage: TelemetryStorage,
    private readonly platform: Pick<Platform, 'now' | 'uuid'>,
    private readonly limits: QueueLimits,
    private readonly onError: (error: unknown) => void,
    readonly state: QueueState,
    waste: string[] = [],
  ) {
    this.waste = waste;
  }

  get queued(): number {
    return sumOf(this.state.batches, 'count') + (this.open?.events.length ?? 0);
  }

  get openCount(): number {
    return this.open?.events.length ?? 0;
  }

  get openAgeMs(): number {
    return this.open ? this.platform.now() - this.open.oldestAtMs : 0;
  }

  /** Puts an encoded event into the open batch, which is sealed when it is full or belongs to another session. */
  add(event: string, atMs: number, header: string): void {
    const sizeBytes = encodeUtf8(event).length + 1;
    if (this.open && (this.open.header !== header || this.open.sizeBytes + sizeBytes > this.maxBatchBytes)) this.seal();
    this.state.generated++;
    if (!this.makeRoom(sizeBytes)) {
      countDrop(this.state, 'queue_full', 1);
      return;
    }
    if (!this.open) {
      this.open = { header, events: [], sizeBytes: encodeUtf8(header).length + 300, oldestAtMs: atMs };
      this.lines.push(header);
    }
    this.open.events.push(event);
    this.open.sizeBytes += sizeBytes;
    this.lines.push(event);
    if (this.open.events.length >= this.maxBatchEvents) this.seal();
  }

  /**
   * Counts events that were generated and never got into the queue. The next change of the state carries it to the
   * storage: an app that does it wrong sixty times a second must not cost sixty synced writes.
   */
  countLost(reason: DropReason, count = 1): void {
    this.state.generated += count;
    countDrop(this.state, reason, count);
  }

  /** Seals what an earlier process left open. Its events are counted already. */
  adopt(header: string, events: string[], oldestAtMs: number): void {
    this.open = { header, events, sizeBytes: 0, oldestAtMs };
    this.seal();
  }

  /** Ends the open batch: from here on its bytes never change. */
  seal(): void {
    const { open, state } = this;
    if (!open) return;
    const id = this.platform.uuid();
    const dropped = state.unreported;
    const report = Object.keys(dropped).length > 0 ? `,"dropped":${JSON.stringify(dropped)}` : '';
    const body = encodeUtf8(
      `{"batch_id":"${id}",${open.header.slice(1, -1)},"events":[${open.events.join(',')}]${report}}`,
    );
    const key = batchKey(state.journal, open.events.length, id);
    state.batches.push({
      key,
      count: open.events.length,
      sizeBytes: body.length,
      checksum: checksum(body),
      oldestAtMs: open.oldestAtMs,
      attempts: 0,
      dropped,
    });
    state.unreported = {};
    this.unsaved.set(key, body);
    this.waste.push(journalKey(state.journal++));
    this.open = undefined;
    this.lines = [];
    this.stateChanged = true;
  }

  /** Drops sealed batches that the server would refuse for their age. */
  dropAged(): void {
    for (const batch of [...this.state.batches]) {
      const ageMs = this.platform.now() - batch.oldestAtMs;
      if (ageMs > (batch.attempts > 0 ? MAX_DOUBT_MS : this.limits.maxEventAgeMs)) this.drop(batch, 'too_old');
    }
  }

  drop(batch: BatchRecord, reason: DropReason): void {
    dropBatch(this.state, batch, reason);
    this.discard(batch);
  }

  /** Takes out a batch that the server has answered. */
  settle(batch: BatchRecord, accepted: number, duplicate: boolean): void {
    removeBatch(this.state, batch);
    this.state.accepted += accepted;
    this.state.rejected += batch.count - accepted;
    if (duplicate) this.state.duplicates++;
    this.discard(batch);
  }

  /** Says that `state` was changed from outside and has to be written. */
  touch(): void {
    this.stateChanged = true;
  }

  /** The bytes to send, or undefined when they are gone or damaged. Throws when the storage fails. */
  async findBody(batch: BatchRecord): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const body = this.unsaved.get(batch.key) ?? (await this.storage.read(batch.key));
    if (!body || body.length !== batch.sizeBytes || checksum(body) !== batch.checksum) return undefined;
    return body as Uint8Array<ArrayBuffer>;
  }

  /** Resolves when all that happened before the call is in the storage; false when the storage failed. Never rejects. */
  commit(): Promise<boolean> {
    this.nextWrite ??= this.startWrite();
    return this.nextWrite;
  }

  /** Writes nothing any more; resolves when the last write has ended. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.writing;
  }

  private startWrite(): Promise<boolean> {
    const write = this.writing.then(async () => {
      this.nextWrite = undefined;
      try {
        await this.write();
        return true;
      } catch (error) {
        this.stateChanged = true;
        this.onError(error);
        return false;
      }
    });
    this.writing = write;
    return write;
  }

  /** One consistent cut, taken before the first await. The order matters: what the state names is written before it. */
  private async write(): Promise<void> {
    if (this.disposed) return;
    const { lines, stateChanged } = this;
    const { journal } = this.state;
    const waste = [...this.waste];
    const state = stateChanged && JSON.stringify({ ...this.state, openCount: this.openCount } satisfies QueueState);
    const bodies = [...this.unsaved];
    this.lines = [];
    this.stateChanged = false;
    if (lines.length > 0) {
      try {
        await this.storage.append(journalKey(journal), encodeUtf8(lines.map((line) => `\n${line}`).join('')));
      } catch (error) {
        // How much arrived is unknown, so nothing more goes into this journal: its events move into a batch file.
        if (journal === this.state.journal) this.seal();
        throw error;
      }
    }
    if (!state) return;
    for (const [key, body] of bodies) {
      await this.storage.write(key, body);
      this.unsaved.delete(key);
    }
    await this.storage.write(STATE_KEY, encodeUtf8(state));
    this.waste = this.waste.slice(waste.length);
    for (const key of waste) await this.storage.remove(key);
  }

  /** Drops whole batches, oldest first, until one more event fits. False when only what must stay is left. */
  private makeRoom(sizeBytes: number): boolean {
    const { state, limits } = this;
    for (;;) {
      const bytes = sumOf(state.batches, 'sizeBytes') + (this.open?.sizeBytes ?? 0);
      if (this.queued < limits.maxQueueEvents && bytes + sizeBytes <= limits.maxQueueBytes) return true;
      // A batch in doubt stays: were it dropped, the same events might count here as dropped and there as accepted.
      const oldest = state.batches.find((batch) => batch.attempts === 0);
      if (!oldest) return false;
      this.drop(oldest, 'queue_full');
    }
  }

  private discard(batch: BatchRecord): void {
    this.unsaved.delete(batch.key);
    this.waste.push(batch.key);
    this.stateChanged = true;
  }

  /** A tenth of the queue at most, so that making room never costs more than that. */
  private get maxBatchEvents(): number {
    return Math.min(MAX_BATCH_EVENTS, Math.ceil(this.limits.maxQueueEvents / 10));
  }

  private get maxBatchBytes(): number {
    return Math.min(MAX_BATCH_BYTES, Math.ceil(this.limits.maxQueueBytes / 10));
  }
}
