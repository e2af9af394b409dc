import { RecencyList } from './recency-list.js';

/** What waits for the writer: whose it is, and how large. */
export interface WaitingUpload {
  appKey: string;
  bytes: number;
}

export interface FairQueueOptions {
  /** Bytes that may wait over all apps. */
  maxBytes: number;
  /** Bytes of one app that may wait. */
  maxBytesPerApp: number;
}

/** What an upload counts as at least against the bounds: waiting costs memory even for an empty body. */
export const LEAST_HELD_BYTES = 512;
/**
 * What one turn is worth to an app, in bytes, and what an upload costs at least. Being both, it lets at most one upload
 * through per turn: small uploads alternate between the apps, large ones are shared by bytes.
 */
export const TURN_BYTES = 4096;

interface Waiting<T> {
  item: T;
  nextOfApp: Waiting<T> | undefined;
  older: Waiting<T> | undefined;
  newer: Waiting<T> | undefined;
}

interface AppLine<T> {
  key: string;
  first: Waiting<T>;
  last: Waiting<T>;
  heldBytes: number;
  /** What the app has of its turns and has not used; always less than its first upload costs plus a turn. */
  creditBytes: number;
  older: AppLine<T> | undefined;
  newer: AppLine<T> | undefined;
}

const heldBytesOf = (item: WaitingUpload) => Math.max(item.bytes, LEAST_HELD_BYTES);
const costOf = (item: WaitingUpload) => Math.max(item.bytes, TURN_BYTES);

/**
 * A bounded queue that is fair between apps: deficit round robin by bytes over the apps, first in first out inside one.
 * However much others have waiting, an upload of up to {@link TURN_BYTES} that is its app's first waits for one upload of
 * each other app at most. An app with nothing waiting leaves nothing behind.
 */
export class FairQueue<T extends WaitingUpload> {
  readonly #apps = new Map<string, AppLine<T>>();
  /** The oldest is whose turn it is. */
  readonly #turns = new RecencyList<AppLine<T>>();
  readonly #arrivals = new RecencyList<Waiting<T>>();
  #heldBytes = 0;
  #bytes = 0;
  #length = 0;

  constructor(private readonly options: FairQueueOptions) {}

  /** The sizes of all that waits, added up. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many uploads wait. */
  get length(): number {
    return this.#length;
  }

  /** How many apps have something waiting. */
  get apps(): number {
    return this.#apps.size;
  }

  /** The upload that has waited longest, over all apps. */
  get oldestWaiting(): T | undefined {
    return this.#arrivals.oldest?.item;
  }

  /**
   * Queues an upload, unless that would exceed the bound of its app or that over all. An upload counts as
   * {@link LEAST_HELD_BYTES} at least.
   *
   * @throws RangeError when its size is negative or not finite.
   */
  offer(item: T): 'queued' | 'full' | 'app-full' {
    if (!(item.bytes >= 0 && Number.isFinite(item.bytes))) throw new RangeError('an upload must have a size');
    const heldBytes = heldBytesOf(item);
    const line = this.#apps.get(item.appKey);
    if ((line?.heldBytes ?? 0) + heldBytes > this.options.maxBytesPerApp) return 'app-full';
    if (this.#heldBytes + heldBytes > this.options.maxBytes) return 'full';

    const waiting: Waiting<T> = { item, nextOfApp: undefined, older: undefined, newer: undefined };
    if (line === undefined) this.#open(waiting, heldBytes);
    else {
      line.last.nextOfApp = waiting;
      line.last = waiting;
      line.heldBytes += heldBytes;
    }
    this.#arrivals.add(waiting);
    this.#heldBytes += heldBytes;
    this.#bytes += item.bytes;
    this.#length += 1;
    return 'queued';
  }

  /**
   * Takes the uploads whose turn it is, up to so many bytes and items; one at least when any waits, even if it is larger.
   * The take ends at the first upload that has earned its turn and does not fit, and the next take begins with it.
   */
  take(maxBytes: number, maxItems: number): T[] {
    const taken: T[] = [];
    let takenBytes = 0;
    for (let line = this.#turns.oldest; line !== undefined; line = this.#turns.oldest) {
      const { item } = line.first;
      const costBytes = costOf(item);
      if (line.creditBytes < costBytes) line.creditBytes += TURN_BYTES;
      if (line.creditBytes < costBytes) {
        this.#turns.renew(line);
        continue;
      }
      if (taken.length > 0 && (taken.length >= maxItems || takenBytes + item.bytes > maxBytes)) break;
      line.creditBytes -= costBytes;
      this.#removeFirst(line);
      taken.push(item);
      takenBytes += item.bytes;
    }
    return taken;
  }

  #open(waiting: Waiting<T>, heldBytes: number): void {
    const key = waiting.item.appKey;
    const line: AppLine<T> = {
      key,
      first: waiting,
      last: waiting,
      heldBytes,
      creditBytes: 0,
      older: undefined,
      newer: undefined,
    };
    this.#apps.set(key, line);
    this.#turns.add(line);
  }

  #removeFirst(line: AppLine<T>): void {
    const { first } = line;
    const heldBytes = heldBytesOf(first.item);
    this.#arrivals.remove(first);
    this.#heldBytes -= heldBytes;
    this.#bytes -= first.item.bytes;
    this.#length -= 1;
    if (first.nextOfApp === undefined) {
      this.#apps.delete(line.key);
      this.#turns.remove(line);
      return;
    }
    line.first = first.nextOfApp;
    line.heldBytes -= heldBytes;
    this.#turns.renew(line);
  }
}
