/** More keys than this no upload has that is accepted: 500 events with three fields and 50 keys of data, and the batch itself. */
export const MAX_KEYS_READ = 30_000;
/** A body with so many keys has at least this many bytes: `"":1,` for each. */
const LEAST_BYTES = 5 * MAX_KEYS_READ;

/** By depth (the batch is 1, its events' list 2, an event 3, its data 4): so many keys tell what is wrong with an object. */
const KEYS_KEPT = [0, 40, 64, 5, 51];
const ELEMENTS_KEPT = 501;
const EVENT_DEPTH = 3;
/** Nothing that is accepted lies deeper; what does is emptied, which leaves it as wrong as it was. */
const DATA_DEPTH = 4;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Whether a body may have more keys than an upload that is accepted: colons are counted, those in texts as well. */
export function mayHaveExcessKeys(bytes: Buffer): boolean {
  if (bytes.length < LEAST_BYTES) return false;
  let colons = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === COLON) colons++;
  return colons > MAX_KEYS_READ;
}

/**
 * Takes out of a JSON text what is refused whatever it holds: the keys of an object beyond those that tell it is wrong (of
 * what is in one event, all of it together), list elements beyond 501, the insides of what lies deeper than data. Every event
 * of what is left meets the same fate as before, and there are about {@link MAX_KEYS_READ} keys at most.
 *
 * `JSON.parse` of a megabyte takes some milliseconds, or 700 when it is made of distinct keys; everybody's uploads wait for it.
 */
export function pruneExcess(text: string): string {
  const kept: string[] = [];
  const isObject: boolean[] = [];
  const elements: number[] = [];
  const keys: number[] = [];
  let allKeys = 0;
  let depth = 0;
  /** The depth of the container whose rest is left out; 0 for none. */
  let dropping = 0;
  let keptFrom = 0;
  const drop = (end: number): void => {
    kept.push(text.slice(keptFrom, end));
    dropping = depth;
  };
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth++;
        if (dropping > 0) break;
        isObject[depth] = text.charCodeAt(at) === OPEN_OBJECT;
        elements[depth] = 1;
        if (depth !== DATA_DEPTH) keys[depth] = 0;
        if (depth === EVENT_DEPTH) keys[DATA_DEPTH] = 0;
        if (depth > DATA_DEPTH || allKeys >= MAX_KEYS_READ) drop(at + 1);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (dropping > 0 && dropping === depth) {
          dropping = 0;
          keptFrom = at;
        }
        depth--;
        break;
      case COLON:
        if (dropping > 0 || depth <= 0) break;
        allKeys++;
        keys[depth] = (keys[depth] as number) + 1;
        break;
      case COMMA: {
        if (dropping > 0 || depth <= 0) break;
        const isFull = isObject[depth]
          ? (keys[depth] as number) >= (KEYS_KEPT[depth] as number)
          : (elements[depth] as number) >= ELEMENTS_KEPT;
        elements[depth] = (elements[depth] as number) + 1;
        if (isFull) drop(at);
      }
    }
  }
  // What is never closed is no JSON, with or without its rest.
  if (dropping === 0) kept.push(text.slice(keptFrom));
  return kept.join('');
}

/** The place of the quote that ends the string which begins at `from`. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === QUOTE) return at;
  }
  return text.length;
}
