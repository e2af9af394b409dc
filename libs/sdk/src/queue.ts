import type { TelemetryOptions } from './options.js';
import type { Platform } from './platform.js';
import { changes, emptyState, type Batch, type DropReason, type QueueState } from './queue-state.js';
import type { TelemetryStorage } from './storage/storage.js';
import { utf8Bytes } from './text.js';

/** The server's limits are 500 events and 1 MiB inflated; the rest is for the envelope. */
const MAX_BATCH_EVENTS = 500;
const MAX_BATCH_BYTES = 900_000;
/** So much is added to the journal before it is replaced by the state that it leads to. */
const JOURNAL_CHARS = 100_000;

type Changes = typeof changes;
type Rest<T> = T extends (state: QueueState, ...rest: infer R) => void ? R : never;

/** The queue in memory, and its journal in the storage. Changes happen at once in memory; `write` makes them last. */
export type Queue = ReturnType<typeof createQueue>;

export function createQueue(
  { maxQueueEvents = 5_000, maxQueueBytes = 4_000_000, maxEventAgeMs = 7 * 86_400_000 - 3_600_000 }: TelemetryOptions,
  { now, uuid }: Platform,
  report: (error: unknown) => void,
) {
  const state = emptyState();
  /** What the journal lacks. */
  let lines = '';
  let storage: TelemetryStorage | undefined;
  /** How much may be added until the journal is replaced; below 0 it has to be, since what it holds is unknown. */
  let charsLeft = -1;
  let writing = Promise.resolve(true);

  function change<K extends keyof Changes>(name: K, ...rest: Rest<Changes[K]>): void {
    (changes[name] as (state: QueueState, ...rest: unknown[]) => void)(state, ...rest);
    lines += JSON.stringify([name, ...rest]) + '\n';
  }

  function replay(journal: string): void {
    for (const line of journal.split('\n')) {
      try {
        // The last line may be torn: its change is one that never was.
        change(...(JSON.parse(line) as ['lost', DropReason]));
      } catch {
        continue;
      }
    }
  }

  const findOpen = (): Batch | undefined => state.batches.find(({ id }) => !id);
  const sumOf = (sizeOf: (batch: Batch) => number): number =>
    state.batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
  const countQueued = (): number => sumOf(({ events }) => events.length);

  /** Ends the open batch: from here on its bytes never change. */
  function seal(): void {
    if (findOpen()) change('seal', uuid());
  }

  /** Puts an encoded event into the open batch, which is sealed when it is full or belongs to another session. */
  function add(event: string | undefined, head: string, atMs: number): void {
    if (!event) return change('lost', 'invalid');
    const sizeBytes = utf8Bytes(event) + 1;
    const open = findOpen();
    // A tenth of the queue at most, so that making room never costs more than that.
    if (open && (open.head !== head || open.sizeBytes + sizeBytes > Math.min(MAX_BATCH_BYTES, maxQueueBytes / 10)))
      seal();
    while (countQueued() >= maxQueueEvents || sumOf((batch) => batch.sizeBytes) + sizeBytes > maxQueueBytes) {
      // A batch in doubt stays: were it dropped, the same events might count here as dropped and there as accepted.
      const oldest = state.batches.find(({ id, sent }) => id && !sent);
      if (!oldest) return change('lost', 'queue_full');
      change('drop', oldest.id!, 'queue_full');
    }
    if (findOpen()) change('event', event, sizeBytes);
    else change('event', event, sizeBytes, head, atMs);
    if (findOpen()!.events.length >= Math.min(MAX_BATCH_EVENTS, maxQueueEvents / 10)) seal();
  }

  /** Drops sealed batches that the server would refuse for their age. */
  function dropAged(): void {
    for (const { id, atMs, sent } of [...state.batches]) {
      // One in doubt lives on, because only the server knows; its ledger remembers 16 days and more.
      if (id && now() - atMs > (sent ? 2 * maxEventAgeMs : maxEventAgeMs))
        change('drop', id, sent ? 'unanswered' : 'too_old');
    }
  }

  /**
   * Resolves when all that happened before the call is in the storage, beyond a loss of power if `sync`; false when the
   * storage failed. Never rejects.
   */
  const write = (sync?: boolean): Promise<boolean> =>
    (writing = writing.then(async () => {
      const added = lines;
      lines = '';
      charsLeft -= added.length;
      try {
        if (charsLeft < 0) {
          const whole = JSON.stringify(['restore', state]) + '\n';
          await storage?.replace(whole);
          charsLeft = JOURNAL_CHARS + whole.length;
        } else if (added || sync) await storage?.append(added, sync);
        return true;
      } catch (error) {
        charsLeft = -1;
        report(error);
        return false;
      }
    }));

  /** Goes on with what an earlier process left. What happened before this call comes after it. */
  function open(from: TelemetryStorage | undefined, journal: string): void {
    const early = lines;
    storage = from;
    Object.assign(state, emptyState());
    replay(journal);
    seal();
    replay(early);
    lines = '';
  }

  /** Forgets everything, and writes nothing any more. */
  async function clear(): Promise<void> {
    await writing;
    storage = undefined;
    lines = '';
    charsLeft = -1;
    Object.assign(state, emptyState());
  }

  return { state, change, findOpen, countQueued, seal, add, dropAged, write, open, clear };
}
