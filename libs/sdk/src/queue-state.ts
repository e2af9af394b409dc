/** Why an event never reached the server's count. */
export type DropReason = 'queue_full' | 'too_old' | 'unanswered' | 'invalid' | 'rejected_batch';
export type DropCounts = Partial<Record<DropReason, number>>;

/** Events that travel together. The last one of the queue is open as long as it has no id. */
export interface Batch {
  /** The members beside ids, events and drops, as JSON. */
  head: string;
  /** Each as JSON. */
  events: string[];
  sizeBytes: number;
  /** Time of the first event, milliseconds since 1970. */
  atMs: number;
  /** Given when it is sealed. From then on its bytes never change. */
  id?: string;
  /** Drops that this batch reports; they return to `unreported` when it is dropped itself. */
  dropped?: DropCounts;
  /** It was sent, or was about to be: the server may hold it, so it is in doubt until there is a final answer. */
  sent?: boolean;
}

/** Until when nothing is sent. */
export interface Wait {
  untilMs: number;
  /** The HTTP status that caused it; 0 when there was no answer. */
  status: number;
  /** The ingest key that met it: another key need not wait. */
  key: string;
}

/** The queue and its counts. Always: generated = accepted + rejected + sum of dropped + events in batches. */
export interface QueueState {
  generated: number;
  accepted: number;
  rejected: number;
  duplicates: number;
  dropped: DropCounts;
  unreported: DropCounts;
  /** In the order of sending. */
  batches: Batch[];
  /** Failed sendings in a row. */
  failures: number;
  wait: Wait | undefined;
}

export const emptyState = (): QueueState => ({
  generated: 0,
  accepted: 0,
  rejected: 0,
  duplicates: 0,
  dropped: {},
  unreported: {},
  batches: [],
  failures: 0,
  wait: undefined,
});

/**
 * All that ever changes the state. Each is a line of the journal as well, and reading the journal does the same again: so
 * every prefix of it is a state that was, and keeps the equation. The names are those of the file format.
 */
export const changes = {
  /** Begins the journal with a state as a whole. */
  restore(state: QueueState, saved: QueueState): void {
    Object.assign(state, saved);
  },
  /** An event enters the open batch, or with `head` begins a new one. */
  event(state: QueueState, text: string, sizeBytes: number, head?: string, atMs = 0): void {
    if (head) state.batches.push({ head, events: [], sizeBytes: 0, atMs });
    const open = state.batches.at(-1)!;
    open.events.push(text);
    open.sizeBytes += sizeBytes;
    state.generated++;
  },
  /** Events that never got into the queue. */
  lost(state: QueueState, reason: DropReason): void {
    state.generated++;
    countDrops(state, { [reason]: 1 });
  },
  /** The open batch gets its id, and the drops that it is to report. */
  seal(state: QueueState, id: string): void {
    Object.assign(state.batches.at(-1)!, { id, dropped: state.unreported });
    state.unreported = {};
  },
  /** The first batch is about to be sent. */
  sent(state: QueueState): void {
    state.batches[0]!.sent = true;
  },
  /** The first batch is answered. */
  settle(state: QueueState, accepted: number, duplicate: boolean): void {
    state.rejected += state.batches.shift()!.events.length - accepted;
    state.accepted += accepted;
    if (duplicate) state.duplicates++;
    changes.wait(state);
  },
  /** A sealed batch is lost, and with it what it was to report. */
  drop(state: QueueState, id: string, reason: DropReason): void {
    const batch = state.batches.find((other) => other.id === id)!;
    countDrops(state, { [reason]: batch.events.length });
    addCounts(state.unreported, batch.dropped!);
    state.batches = state.batches.filter((other) => other !== batch);
  },
  /** Sending failed and has to wait, or works again. */
  wait(state: QueueState, wait?: Wait): void {
    state.wait = wait;
    state.failures = wait ? state.failures + 1 : 0;
  },
};

function countDrops(state: QueueState, counts: DropCounts): void {
  addCounts(state.dropped, counts);
  addCounts(state.unreported, counts);
}

function addCounts(target: DropCounts, counts: DropCounts): void {
  for (const [reason, count] of Object.entries(counts) as [DropReason, number][]) {
    target[reason] = (target[reason] ?? 0) + count;
  }
}
