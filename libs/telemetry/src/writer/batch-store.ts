import type { RawConnection } from '@mosis/sqlite/connection';
import type { IngestLimits, UploadOutcome } from '../engine/types.js';
import { TokenBuckets } from '../queue/rate-limits.js';
import { EventKind } from '../rollup/event-kinds.js';
import type { CountedEvent, RollupTally } from '../rollup/tally.js';
import { eventsTable } from '../storage/day-tables.js';
import { dayOf } from '../storage/days.js';
import { MultiRowInsert } from '../storage/multi-row-insert.js';
import { createPartition, findLastRowId, listPartitions } from '../storage/partitions.js';
import {
  decodeBody,
  parseBatch,
  UploadError,
  type ParsedBatch,
  type Rejection,
  type WireLimits,
} from '../wire/index.js';
import { CrashGroups } from './crash-groups.js';
import type { Dictionaries } from './dictionaries.js';
import { BatchLedger } from './ledger.js';
import type { PartitionClock } from './partition-clock.js';
import { Quarantine, type Refusal } from './quarantine.js';
import { Receipts } from './receipts.js';

/** One upload as it reaches the writer thread. */
export interface WriterUpload {
  packageId: string;
  body: Uint8Array;
  contentEncoding: string | undefined;
  sentAt: string | undefined;
  /** Wall clock at arrival, milliseconds. */
  receivedMs: number;
}

/** What became of an upload, and who was seen in it. */
export interface WriterResult {
  outcome: UploadOutcome;
  sighting?: { deviceId: string; sessionId: string; appVersion: string; ended: boolean };
}

/** Keys of the device limit held in memory. */
const MAX_LIMITED_DEVICES = 100_000;

/** Of a raw row, in the order in which it is given. */
const EVENT_COLUMNS = ['id', 'app', 'device', 'session', 'time_ms', 'type', 'context', 'flags', 'data'];

interface OpenPartition {
  day: number;
  nextId: number;
  rows: MultiRowInsert;
}

/** Stores uploads: ledger, raw rows, receipts and quarantine, inside the caller's transaction. */
export class BatchStore {
  readonly crashGroups: CrashGroups;
  readonly ledger: BatchLedger;
  readonly #receipts: Receipts;
  readonly #quarantine: Quarantine;
  readonly #deviceLimit: TokenBuckets | undefined;
  #partition: OpenPartition | undefined;

  constructor(
    private readonly db: RawConnection,
    private readonly dictionaries: Dictionaries,
    private readonly clock: PartitionClock,
    private readonly wireLimits: WireLimits,
    private readonly limits: IngestLimits,
  ) {
    this.crashGroups = new CrashGroups(db);
    this.ledger = new BatchLedger(db);
    this.#receipts = new Receipts(db);
    this.#quarantine = new Quarantine(db);
    this.#deviceLimit = limits.perDevice
      ? new TokenBuckets({ ...limits.perDevice, maxKeys: MAX_LIMITED_DEVICES, now: () => performance.now() })
      : undefined;
  }

  /** Forgets what is in memory: the transaction it belongs to was rolled back. */
  reset(): void {
    this.#partition = undefined;
    this.crashGroups.reset();
    this.ledger.reset();
    this.#receipts.reset();
    this.#quarantine.reset();
  }

  /** Writes what was gathered per commit; called once, before COMMIT. */
  finish(): void {
    this.#partition?.rows.flush();
    this.#receipts.write();
    this.#quarantine.write();
  }

  /**
   * Stores one upload and counts its events in `tally`. Whatever is wrong with the upload is in the answer.
   *
   * @throws what SQLite throws; the caller rolls back
   */
  store(upload: WriterUpload, tally: RollupTally): WriterResult {
    let batch: ParsedBatch;
    try {
      const inflated = decodeBody(upload.body, upload.contentEncoding, this.wireLimits);
      batch = parseBatch(inflated, upload, this.wireLimits);
    } catch (error) {
      if (!(error instanceof UploadError)) throw error;
      return this.#refuse(upload, error.problem.status, error.problem.code, error.problem.detail, {
        ...(error.problem.errors ? { errors: error.problem.errors } : {}),
      });
    }
    if (batch.appId.toLowerCase() !== upload.packageId.toLowerCase()) {
      const errors = [{ pointer: '/app_id', code: 'app-mismatch', detail: `Must be ${upload.packageId}.` }];
      const sender = this.#senderOf(upload.packageId, batch);
      return this.#refuse(
        upload,
        422,
        'app-mismatch',
        `This ingest key belongs to ${upload.packageId}.`,
        { errors },
        sender,
      );
    }
    return this.#findRepeat(upload, batch) ?? this.#storeNew(upload, batch, tally);
  }

  #findRepeat(upload: WriterUpload, batch: ParsedBatch): WriterResult | undefined {
    const { app } = this.dictionaries.app(upload.packageId);
    const known = this.ledger.find(app, batch.batchId);
    if (!known) return undefined;
    if (!known.body_hash.equals(batch.bodyHash)) {
      const sender = this.#senderOf(upload.packageId, batch);
      return this.#refuse(upload, 409, 'batch-id-reused', 'Another batch with this id was stored before.', {}, sender);
    }
    const rejected = known.rejected === null ? [] : (JSON.parse(known.rejected) as Answered[]);
    return {
      outcome: {
        kind: 'stored',
        answer: { batch_id: batch.batchIdText, accepted: known.accepted, rejected, duplicate: true },
      },
    };
  }

  #storeNew(upload: WriterUpload, batch: ParsedBatch, tally: RollupTally): WriterResult {
    const { packageId } = upload;
    const { app } = this.dictionaries.app(packageId);
    const partition = this.#openPartition(upload.receivedMs);
    const received = this.#receipts.of(app, partition.day);
    if (received.accepted + batch.events.length > this.limits.eventsPerAppDay) {
      return this.#refuse(upload, 403, 'quota-spent', 'The app has stored as many events today as it may.');
    }
    const waitSeconds = this.#deviceLimit?.take(`${app}/${batch.deviceId}`, batch.sentEventCount);
    if (waitSeconds !== undefined) {
      return this.#refuse(upload, 429, 'device-rate-exceeded', 'This device sends more events than it may.', {
        retryAfterSeconds: waitSeconds,
      });
    }
    if (
      received.newDevices >= this.limits.newDevicesPerAppDay &&
      !this.dictionaries.knowsDevice(packageId, batch.deviceId)
    ) {
      return this.#refuse(upload, 403, 'quota-spent', 'The app has brought as many new devices today as it may.');
    }
    const { events, rejected } = this.#resolveTypes(packageId, batch);
    if (events.length > 0) {
      const device = this.dictionaries.device(packageId, batch.deviceId);
      if (device.isNew) received.newDevices += 1;
      const session = this.dictionaries.session(packageId, device.ordinal, batch.sessionId, partition.day);
      const context = this.dictionaries.context(packageId, batch);
      this.#insertEvents(partition, app, device.ordinal, session, context, events, tally);
    }
    const answered = rejected.map(({ index, code, detail }) => ({ index, code, detail }));
    this.ledger.insert(partition.day, app, batch.batchId, {
      body_hash: batch.bodyHash,
      accepted: events.length,
      rejected: answered.length > 0 ? JSON.stringify(answered) : null,
    });
    received.batches += 1;
    received.accepted += events.length;
    received.rejected += rejected.length;
    this.#quarantine.addDrops(app, partition.day, batch.dropped);
    if (rejected.length > 0) {
      const sender = this.#senderOf(packageId, batch);
      for (const rejection of rejected)
        this.#quarantine.add(app, partition.day, upload.receivedMs, { ...rejection, ...sender });
    }
    return {
      outcome: {
        kind: 'stored',
        answer: { batch_id: batch.batchIdText, accepted: events.length, rejected: answered, duplicate: false },
      },
      sighting: {
        deviceId: batch.deviceId,
        sessionId: batch.sessionIdText,
        appVersion: batch.appVersion,
        ended: events.at(-1)?.name === 'app_stop',
      },
    };
  }

  #resolveTypes(packageId: string, batch: ParsedBatch): { events: ResolvedEvent[]; rejected: Rejection[] } {
    const events: ResolvedEvent[] = [];
    const rejected = [...batch.rejected];
    for (const event of batch.events) {
      const type = this.dictionaries.type(packageId, event.type);
      if (type) events.push({ ...event, name: event.type, type: type.word, kind: type.kind });
      else {
        rejected.push({
          index: event.index,
          code: 'too-many-types',
          detail: 'The app has as many event types as it may; put what varies into data.',
          sample: event.type,
        });
      }
    }
    rejected.sort((left, right) => left.index - right.index);
    return { events, rejected };
  }

  #insertEvents(
    partition: OpenPartition,
    app: number,
    device: number,
    session: number,
    context: number,
    events: readonly ResolvedEvent[],
    tally: RollupTally,
  ): void {
    let firstBucket = Number.POSITIVE_INFINITY;
    let lastBucket = Number.NEGATIVE_INFINITY;
    const counted: CountedEvent[] = [];
    for (const { timeMs, type, kind, flags, data } of events) {
      partition.rows.add(partition.nextId, app, device, session, timeMs, type, context, flags, data);
      partition.nextId += 1;
      const grouped = kind === EventKind.crash || kind === EventKind.error;
      counted.push({
        timeMs,
        type,
        kind,
        crashGroup: grouped
          ? this.crashGroups.groupOf(app, kind === EventKind.crash ? 'app_crash' : 'lua_error', data, device)
          : undefined,
      });
      const bucket = dayOf(timeMs);
      if (bucket < firstBucket) firstBucket = bucket;
      if (bucket > lastBucket) lastBucket = bucket;
    }
    tally.add(app, device, session, context, counted);
    tally.addRows(partition.day, partition.nextId - 1, events.length, firstBucket, lastBucket);
  }

  #openPartition(receivedMs: number): OpenPartition {
    const day = this.clock.dayFor(receivedMs);
    if (this.#partition?.day === day) return this.#partition;
    this.#partition?.rows.flush();
    createPartition(this.db, day);
    const row = listPartitions(this.db).find((candidate) => candidate.day === day);
    // Rows beyond the watermark were never counted, so after an erasure took the last ones their ids may come again;
    // ids up to the watermark never do.
    const nextId = Math.max(findLastRowId(this.db, day), row?.rolled_up_to ?? 0) + 1;
    this.#partition = {
      day,
      nextId,
      rows: new MultiRowInsert(this.db, eventsTable(day), EVENT_COLUMNS),
    };
    return this.#partition;
  }

  /** What the quarantine says of where something came from. */
  #senderOf(packageId: string, batch: ParsedBatch): Sender {
    return {
      batchId: batch.batchIdText,
      appVersion: batch.appVersion,
      pseudonym: this.dictionaries.pseudonym(packageId, batch.deviceId),
    };
  }

  #refuse(
    upload: WriterUpload,
    status: number,
    code: string,
    detail: string,
    more: Partial<Extract<UploadOutcome, { kind: 'refused' }>> = {},
    sender: Sender | undefined = undefined,
  ): WriterResult {
    // Limits are no news to whoever integrates; what is wrong with an upload is.
    if (status === 400 || status === 413 || status === 415 || status === 422 || status === 409) {
      const { app } = this.dictionaries.app(upload.packageId);
      this.#quarantine.add(app, dayOf(upload.receivedMs), upload.receivedMs, {
        code,
        detail: more.errors?.[0] ? `${more.errors[0].pointer}: ${more.errors[0].detail}` : detail,
        ...sender,
      });
    }
    return { outcome: { kind: 'refused', status, code, detail, ...more } };
  }
}

type Sender = Pick<Refusal, 'batchId' | 'appVersion' | 'pseudonym'>;

type Answered = { index: number; code: string; detail: string };

interface ResolvedEvent {
  index: number;
  name: string;
  type: number;
  kind: EventKind;
  timeMs: number;
  flags: number;
  data: string | null;
}
