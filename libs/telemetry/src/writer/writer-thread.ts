import { Worker } from 'node:worker_threads';
import { compiledModulePath } from '@mosis/sqlite/connection';
import type { BotThresholds, EngineLog, IngestLimits, UploadOutcome } from '../engine/types.js';
import { FairQueue } from '../queue/fair-queue.js';
import type { WriterResult, WriterUpload } from './batch-store.js';
import type {
  AnnouncedChange,
  MaintenanceAnswer,
  MaintenanceInput,
  MaintenanceName,
  WriterData,
  WriterReply,
  WriterRequest,
} from './messages.js';
import { packUploads } from './pack-uploads.js';

/** Uploads handed over at once: never more than this, and no more than a commit stores in about this time. */
const CHUNK_BYTES = { least: 24 * 1024, most: 768 * 1024 };
const CHUNK_UPLOADS = 192;
/**
 * An upload waits for the commit on its way and for its own: what a quiet app waits while another floods is twice this and
 * more. Where each commit waits for a moment in which the WAL can be folded in, as much time goes into commits as into those.
 */
const COMMIT_MS = { usual: 10, afterGap: 20 };
/** So much waiting is committed at once; less waits for the gap after the last commit. */
const ENOUGH_BYTES = 48 * 1024;
const ENOUGH_UPLOADS = 8;
/** Parsing makes much garbage that is dead at once: a young generation that holds a commit's spares collecting it. */
const YOUNG_GENERATION_MB = 24;
const RESTART_PAUSE_MS = [100, 1_000, 5_000, 30_000];

/** How the thread is set up. */
export interface WriterThreadOptions {
  dataDir: string;
  bots: BotThresholds;
  limits: IngestLimits;
  /** Least time between two small commits, milliseconds. */
  gatherMs: number;
  now: () => number;
  log: EngineLog;
  /** Whether the thread opens the file without being able to write it; then nothing can be stored. */
  readOnly?: boolean;
  /** Whether commits fold the WAL into the file, until {@link WriterThread.setAutoCheckpoint} says otherwise. */
  autoCheckpoint?: boolean;
  /** Pages of the WAL from which somebody else waits for a moment without a commit, while commits do not fold it in. */
  checkpointPages?: number | undefined;
  onSeen: (upload: WriterUpload, result: WriterResult) => void;
  onChange: (change: AnnouncedChange) => void;
}

interface Waiting {
  appKey: string;
  bytes: number;
  upload: WriterUpload;
  answer: (outcome: UploadOutcome) => void;
}

/** Counters since the start. */
export interface WriterCounters {
  uploads: number;
  events: number;
  commits: number;
  refused: Record<string, number>;
  restarts: number;
  rollupLagMs: number;
}

/**
 * The HTTP thread's handle on the writer thread: what waits (bounded, fair between apps), one chunk on its way at a time,
 * and the maintenance transactions. An upload is answered only with what the thread said after its commit.
 */
export class WriterThread {
  readonly counters: WriterCounters = { uploads: 0, events: 0, commits: 0, refused: {}, restarts: 0, rollupLagMs: 0 };
  readonly #queue: FairQueue<Waiting>;
  readonly #calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #worker: Worker | undefined;
  #ready = false;
  #inFlight: Waiting[] | undefined;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  /** What the next commit may hold; follows how fast the last ones went, so that no app waits long behind another. */
  #chunkBytes = 128 * 1024;
  #inFlightBytes = 0;
  #pumpTimer: NodeJS.Timeout | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #nextCall = 1;
  #failures = 0;
  #autoCheckpoint: boolean;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly options: WriterThreadOptions) {
    this.#autoCheckpoint = options.autoCheckpoint ?? true;
    this.#queue = new FairQueue({
      maxBytes: options.limits.waitingBytes,
      maxBytesPerApp: options.limits.waitingBytesPerApp,
    });
  }

  /** Starts the thread; resolves when it has the database and counted what a killed predecessor had not. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#spawn(resolve, reject));
  }

  get waitingUploads(): number {
    return this.#queue.length + (this.#inFlight?.length ?? 0);
  }

  get waitingBytes(): number {
    return this.#queue.bytes;
  }

  /** Queues one upload; resolves after its commit, or with why it was refused. Never rejects. */
  async upload(upload: WriterUpload): Promise<UploadOutcome> {
    if (this.#closing) return refused('overloaded', 'The server is stopping. Send the same batch again later.', 10);
    return new Promise((answer) => {
      const waiting = { appKey: upload.packageId, bytes: upload.body.byteLength + 256, upload, answer };
      const offered = this.#queue.offer(waiting);
      if (offered === 'queued') return this.#pump();
      answer(
        offered === 'full'
          ? refused('overloaded', 'More is waiting to be stored than may wait. Send the same batch again later.', 2)
          : {
              ...refused('rate-limited', 'More of this app is waiting to be stored than may wait.', 2),
              status: 429,
            },
      );
      this.#count(offered);
    });
  }

  /** Runs one maintenance transaction. @throws what it throws, or when the thread dies */
  async call<Name extends MaintenanceName>(
    name: Name,
    ...input: MaintenanceInput<Name> extends undefined ? [] : [MaintenanceInput<Name>]
  ): Promise<MaintenanceAnswer<Name>> {
    const worker = this.#worker;
    if (!worker || !this.#ready) throw new Error('The telemetry writer is starting again. Try again in a moment.');
    const id = this.#nextCall++;
    return new Promise<MaintenanceAnswer<Name>>((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#send({ kind: 'call', id, name, input: input[0], nowMs: this.options.now() });
    });
  }

  /** Says whether commits fold the WAL into the file; a thread that is started anew is told as well. */
  setAutoCheckpoint(on: boolean): void {
    this.#autoCheckpoint = on;
    this.#send({ kind: 'auto-checkpoint', on });
  }

  /** Answers what was accepted, writes the roll-ups and ends the thread. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.waitingUploads > 0 && this.#worker) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        this.#pump();
      });
    }
    clearTimeout(this.#pumpTimer);
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (!worker) return this.#refuseWaiting();
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      this.#send({ kind: 'close' });
    });
  }

  #pump(): void {
    if (this.#inFlight || !this.#ready || this.#queue.length === 0) return;
    const enough = this.#queue.bytes >= ENOUGH_BYTES || this.#queue.length >= ENOUGH_UPLOADS || this.#closing;
    const waitMs = this.#lastCommitMs + this.options.gatherMs - performance.now();
    if (!enough && waitMs > 0) {
      this.#pumpTimer ??= setTimeout(() => {
        this.#pumpTimer = undefined;
        this.#pump();
      }, waitMs);
      return;
    }
    const before = this.#queue.bytes;
    this.#inFlight = this.#queue.take(this.#chunkBytes, CHUNK_UPLOADS);
    this.#inFlightBytes = before - this.#queue.bytes;
    this.#lastCommitMs = performance.now();
    const packed = packUploads(this.#inFlight.map(({ upload }) => upload));
    this.#send({ kind: 'uploads', ...packed, nowMs: this.options.now() }, [packed.bodies]);
  }

  #send(request: WriterRequest, handedOver: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(request, handedOver);
  }

  #spawn(started?: () => void, failed?: (error: Error) => void): void {
    const { dataDir, bots, limits } = this.options;
    const workerData: WriterData = {
      dataDir,
      bots,
      limits,
      clockOffsetMs: this.options.now() - Date.now(),
      autoCheckpoint: this.#autoCheckpoint,
      checkpointPages: this.options.checkpointPages,
      readOnly: this.options.readOnly ?? false,
    };
    const worker = new Worker(compiledModulePath(import.meta.url, './writer.worker.js'), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    let lastError: Error | undefined;
    worker.on('message', (reply: WriterReply) => {
      if (reply.kind === 'ready') {
        this.#ready = true;
        started?.();
        this.#pump();
      } else this.#receive(reply);
    });
    worker.on('error', (error: Error) => (lastError = error));
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      const wasReady = this.#ready;
      this.#lost(lastError ?? new Error('The telemetry writer ended.'));
      if (failed && !wasReady) return failed(lastError ?? new Error('The telemetry writer did not start.'));
      if (!this.#closing) this.#restartLater();
    });
  }

  #receive(reply: Exclude<WriterReply, { kind: 'ready' }>): void {
    switch (reply.kind) {
      case 'results':
        this.counters.rollupLagMs = reply.rollupLagMs;
        return this.#answer(reply.results, reply.gapMs);
      case 'change':
        this.counters.rollupLagMs = reply.rollupLagMs;
        return this.options.onChange(reply.change);
      case 'log':
        return this.options.log[reply.level](reply.fields, reply.message);
      case 'reply':
        this.#calls.get(reply.id)?.resolve(reply.value);
        this.#calls.delete(reply.id);
        return;
      case 'failure':
        this.#calls.get(reply.id)?.reject(reply.error);
        this.#calls.delete(reply.id);
    }
  }

  #answer(results: readonly WriterResult[], gapMs: number): void {
    const chunk = this.#inFlight ?? [];
    this.#inFlight = undefined;
    this.#failures = 0;
    this.counters.commits += 1;
    this.#adaptChunk(performance.now() - this.#lastCommitMs - gapMs, gapMs > 0 ? COMMIT_MS.afterGap : COMMIT_MS.usual);
    // The next chunk first: the thread works while this one answers.
    this.#pump();
    chunk.forEach((waiting, index) => {
      const result = results[index] as WriterResult;
      this.#tallyOutcome(result.outcome);
      this.options.onSeen(waiting.upload, result);
      waiting.answer(result.outcome);
    });
    if (this.waitingUploads === 0) this.#idle?.();
  }

  /** Only a commit that was full tells how much fits; one that was not may grow, one that was slow shrinks. */
  #adaptChunk(tookMs: number, aimMs: number): void {
    const wasFull = this.#inFlightBytes >= this.#chunkBytes / 2;
    if (!wasFull && tookMs <= aimMs) return;
    const factor = Math.min(1.5, Math.max(0.7, aimMs / tookMs));
    this.#chunkBytes = Math.min(CHUNK_BYTES.most, Math.max(CHUNK_BYTES.least, this.#chunkBytes * factor));
  }

  #tallyOutcome(outcome: UploadOutcome): void {
    if (outcome.kind === 'refused') return this.#count(outcome.code);
    this.counters.uploads += 1;
    if (!outcome.answer.duplicate) this.counters.events += outcome.answer.accepted;
  }

  #count(code: string): void {
    this.counters.refused[code] = (this.counters.refused[code] ?? 0) + 1;
  }

  /** Whether a commit that was on its way happened nobody knows; the ledger answers whoever sends it again. */
  #lost(error: Error): void {
    this.#worker = undefined;
    this.#ready = false;
    const chunk = this.#inFlight ?? [];
    this.#inFlight = undefined;
    for (const { answer } of chunk) {
      answer(refused('upload-failed', 'The upload may not have been stored. Send the same batch again later.', 5));
    }
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    if (this.#closing) {
      this.#refuseWaiting();
      this.#idle?.();
    }
  }

  #refuseWaiting(): void {
    for (const { answer } of this.#queue.take(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
      answer(refused('overloaded', 'The server is stopping. Send the same batch again later.', 10));
    }
  }

  #restartLater(): void {
    this.counters.restarts += 1;
    const pauseMs = RESTART_PAUSE_MS[Math.min(this.#failures, RESTART_PAUSE_MS.length - 1)] as number;
    this.#failures += 1;
    this.options.log.error({ 'telemetry.restart_ms': pauseMs }, 'the telemetry writer died and is started again');
    this.#restartTimer = setTimeout(() => this.#spawn(), pauseMs);
  }
}

function refused(code: string, detail: string, retryAfterSeconds: number): Extract<UploadOutcome, { kind: 'refused' }> {
  return { kind: 'refused', status: 503, code, detail, retryAfterSeconds };
}
