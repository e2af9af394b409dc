/** Why an event never reached the server's count. */
export type DropReason = 'queue_full' | 'too_old' | 'invalid' | 'corrupt' | 'rejected_batch';
export type DropCounts = Partial<Record<DropReason, number>>;

/** A sealed batch. Its bytes lie in the storage under `key` and never change. */
export interface BatchRecord {
  key: string;
  count: number;
  sizeBytes: number;
  checksum: number;
  /** Time of its first event, milliseconds since 1970. */
  oldestAtMs: number;
  /** Times it was sent without a final answer. Above 0 the server may hold it already: it is in doubt. */
  attempts: number;
  /** Drops that this batch reports; they return to `unreported` when it is dropped itself. */
  dropped: DropCounts;
}

/** Until when nothing is sent. */
export interface Wait {
  untilMs: number;
  cause: 'network' | 'server' | 'refused';
  /** The HTTP status that caused it; 0 when there was no answer. */
  status: number;
  /** The ingest key that met it: another key need not wait. */
  ingestKey: string;
}

/** Everything but the open events, kept as one file that is replaced whole: the point at which a change counts. */
export interface QueueState {
  version: 1;
  generated: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  dropped: DropCounts;
  unreported: DropCounts;
  /** In the order of sending. */
  batches: BatchRecord[];
  /** Number of the journal that holds the open events; older journals are waste. */
  journal: number;
  /** Open events that `generated` already counts. What the journal has beyond them was tracked after this state. */
  openCount: number;
  /** Failed sendings in a row. */
  failures: number;
  wait?: Wait;
}

export function emptyState(): QueueState {
  return {
    version: 1,
    generated: 0,
    accepted: 0,
    rejected: 0,
    duplicates: 0,
    dropped: {},
    unreported: {},
    batches: [],
    journal: 1,
    openCount: 0,
    failures: 0,
  };
}

/** Counts events that are lost, to be reported with the next sealed batch. */
export function countDrop(state: QueueState, reason: DropReason, count: number): void {
  if (count === 0) return;
  addCounts(state.dropped, { [reason]: count });
  addCounts(state.unreported, { [reason]: count });
}

/** Takes a batch out of the queue and counts its events, and what it was to report, as unreported drops. */
export function dropBatch(state: QueueState, batch: BatchRecord, reason: DropReason): void {
  removeBatch(state, batch);
  countDrop(state, reason, batch.count);
  addCounts(state.unreported, batch.dropped);
}

export function removeBatch(state: QueueState, batch: BatchRecord): void {
  state.batches = state.batches.filter((other) => other !== batch);
}

function addCounts(target: DropCounts, counts: DropCounts): void {
  for (const [reason, count] of Object.entries(counts) as [DropReason, number][]) {
    target[reason] = (target[reason] ?? 0) + count;
  }
}

export const sumOf = (records: BatchRecord[], field: 'count' | 'sizeBytes'): number =>
  records.reduce((sum, record) => sum + record[field], 0);

export const journalKey = (number: number): string => `j.${number}`;

/** The name tells number and count, so that even a torn file whose record is lost can be counted. */
export const batchKey = (number: number, count: number, id: string): string => `b.${number}.${count}.${id}`;

export function parseBatchKey(key: string): { number: number; count: number; id: string } | undefined {
  const match = /^b\.(\d+)\.(\d+)\.([0-9a-f-]{36})$/.exec(key);
  return match ? { number: Number(match[1]), count: Number(match[2]), id: match[3]! } : undefined;
}
