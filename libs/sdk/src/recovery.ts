import type { Platform } from './platform.js';
import { batchKey, countDrop, emptyState, journalKey, parseBatchKey, type QueueState } from './queue-state.js';
import { Queue, STATE_KEY, type QueueLimits } from './queue.js';
import type { TelemetryStorage } from './storage/storage.js';
import { checksum, decodeUtf8, parseObject } from './text.js';

/** Opens the queue with what an earlier process left. Torn files are counted as corrupt. Throws when the storage fails. */
export async function openQueue(
  storage: TelemetryStorage,
  platform: Pick<Platform, 'now' | 'uuid'>,
  limits: QueueLimits,
  onError: (error: unknown) => void,
): Promise<Queue> {
  const keys = await storage.keys();
  const stored = await readState(storage);
  const state = stored ?? (await rebuildState(storage, keys));
  const known = new Set(state.batches.map((batch) => batch.key));
  const orphans = keys.filter((key) => key.startsWith('b.') && !known.has(key));
  // The process may have died while this one was on its way.
  if (state.batches[0]) state.batches[0].attempts ||= 1;

  const sealed = new Set(state.batches.map((batch) => parseBatchKey(batch.key)?.number));
  const found = keys.filter((key) => /^j\.\d+$/.test(key)).map((key) => Number(key.slice(2)));
  // Without a state every journal counts, except where its batch was written already.
  const wanted = stored ? [state.journal] : found.filter((number) => !sealed.has(number)).sort((a, b) => a - b);
  const queue = new Queue(storage, platform, limits, onError, state, [...orphans, ...found.map(journalKey)]);
  let expected = state.openCount;
  for (const number of wanted) {
    state.journal = number;
    await adoptJournal(storage, queue, expected);
    expected = 0;
  }
  state.journal = Math.max(state.journal, ...found.map((number) => number + 1));
  return queue;
}

/** Seals the events of a journal into a batch. `expected` is how many of them the state counts already. */
async function adoptJournal(storage: TelemetryStorage, queue: Queue, expected: number): Promise<void> {
  const { state } = queue;
  const text = decodeUtf8((await storage.read(journalKey(state.journal))) ?? new Uint8Array());
  const [header = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const usable = parseObject(header)?.session_id !== undefined;
  const events = usable ? lines.filter((line) => typeof parseObject(line)?.type === 'string') : [];
  state.generated += Math.max(0, lines.length - expected);
  countDrop(state, 'corrupt', Math.max(lines.length, expected) - events.length);
  if (events.length > 0) queue.adopt(header, events, timeOf(events[0]!));
}

function timeOf(event: string): number {
  return Date.parse(String(parseObject(event)?.timestamp)) || 0;
}

async function readState(storage: TelemetryStorage): Promise<QueueState | undefined> {
  const bytes = await storage.read(STATE_KEY);
  const state = bytes && (parseObject(decodeUtf8(bytes)) as QueueState | undefined);
  return state?.version === 1 && Array.isArray(state.batches) ? { ...emptyState(), ...state } : undefined;
}

/** A state for the batches that lie there, for the case that the state file itself is lost. Their counts begin anew. */
async function rebuildState(storage: TelemetryStorage, keys: string[]): Promise<QueueState> {
  const state = emptyState();
  const names = keys.flatMap((key) => parseBatchKey(key) ?? []).sort((a, b) => a.number - b.number);
  for (const { number, count, id } of names) {
    const key = batchKey(number, count, id);
    const bytes = (await storage.read(key)) ?? new Uint8Array();
    const body = parseObject(decodeUtf8(bytes));
    const events = Array.isArray(body?.events) ? (body.events as { timestamp?: string }[]) : [];
    state.generated += count;
    state.journal = number + 1;
    if (body?.batch_id !== id || events.length !== count) {
      countDrop(state, 'corrupt', count);
      continue;
    }
    const oldestAtMs = Date.parse(String(events[0]?.timestamp)) || 0;
    const sizeBytes = bytes.length;
    // In doubt, every one: which were sent is forgotten.
    state.batches.push({
      key,
      count,
      sizeBytes,
      checksum: checksum(bytes),
      oldestAtMs,
      attempts: 1,
      dropped: {},
    });
  }
  return state;
}
