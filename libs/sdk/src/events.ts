import { cleanText, encodeUtf8, isStorable } from './text.js';

export type EventValue = string | number | boolean | null;
export type EventData = Record<string, EventValue | undefined>;

/** The event types that the platform knows, with their data. Any other name in snake_case may be sent as well. */
export interface KnownEvents {
  app_start: EventData;
  app_stop: EventData & { duration_seconds: number };
  app_crash: EventData & { crash_type: string; message: string; stack?: string };
  lua_error: EventData & { message: string; stack?: string };
  perf_frame: EventData & { avg_ms: number; p95_ms: number };
  perf_memory: EventData & { used_mb: number; limit_mb: number };
  perf_startup: EventData & { duration_ms: number };
  screen_view: EventData & { screen_name: string };
  button_click: EventData & { element_id: string };
  feature_used: EventData & { feature_name: string };
}

const MAX_DATA_BYTES = 4096;
const MAX_DATA_KEYS = 50;
const MAX_KEY_CHARS = 60;
const TYPE_PATTERN = /^[a-z][a-z0-9_]{0,59}$/;

/** Encodes an event as it will lie in the batch; undefined when the server would refuse it. */
export function encodeEvent(type: string, atMs: number, data?: EventData): string | undefined {
  if (typeof type !== 'string' || !TYPE_PATTERN.test(type)) return undefined;
  const event: Record<string, unknown> = { type, timestamp: new Date(atMs).toISOString() };
  if (data != null) {
    if (typeof data !== 'object' || Array.isArray(data)) return undefined;
    const entries = Object.entries(data).filter(([, value]) => value !== undefined);
    if (entries.length > MAX_DATA_KEYS || !entries.every(isSound)) return undefined;
    // A copy: neither a getter that answers differently nor a toJSON of the app's gets between check and encoding.
    event.data = Object.fromEntries(entries);
    if (encodeUtf8(JSON.stringify(event.data)).length > MAX_DATA_BYTES) return undefined;
  }
  return JSON.stringify(event);
}

function isSound([name, value]: [string, unknown]): boolean {
  if (name.length === 0 || name.length > MAX_KEY_CHARS || !isStorable(name)) return false;
  if (typeof value === 'string') return isStorable(value);
  // Beyond 2^53 a number could not be kept exactly; NaN fails the comparison.
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return value === null || typeof value === 'boolean';
}

/** What was thrown, as the data of a crash or error event, shortened until it fits: a crash is not lost to its length. */
export function describeError(error: unknown): { crash_type: string; message: string; stack?: string } {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const crash_type = cleanText(thrown.name, 100);
  const message = cleanText(thrown.message, 300);
  let stack = cleanText(thrown.stack ?? '', 3500);
  // Control and other characters take up to six bytes each once they are encoded.
  while (stack && encodeUtf8(JSON.stringify({ crash_type, message, stack })).length > MAX_DATA_BYTES) {
    stack = cleanText(stack, Math.floor(stack.length * 0.8));
  }
  return { crash_type, message, ...(stack && { stack }) };
}

/** As `encodeEvent`, and undefined as well when a getter of the app's throws on the way. */
export function encodeOrNothing(type: string, atMs: number, data?: EventData): string | undefined {
  try {
    return encodeEvent(type, atMs, data);
  } catch {
    return undefined;
  }
}
