import { cleanText, utf8Bytes } from './text.js';

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

/**
 * Encodes an event as it will lie in the batch; undefined when it cannot be sent at all. The server judges the rest, event
 * by event.
 */
export function encodeEvent(type: string, atMs: number, data?: EventData): string | undefined {
  try {
    // Encoded once: neither a getter that answers differently nor a toJSON of the app's gets between check and sending.
    const text = (data && JSON.stringify(data)) || '';
    if (!/^[a-z][a-z0-9_]{0,59}$/.test(type) || utf8Bytes(text) > MAX_DATA_BYTES) return undefined;
    return `{"type":"${type}","timestamp":"${new Date(atMs).toISOString()}"${text && `,"data":${text}`}}`;
  } catch {
    return undefined;
  }
}

/** What was thrown, as the data of an `app_crash`, shortened until it fits: a crash is not lost to its length. */
export function describeError(error: unknown): KnownEvents['app_crash'] {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const cut = (text: string | undefined, length: number): string => cleanText(text, length, /[\p{Cs}\0]/gu);
  const data = { crash_type: cut(name, 99), message: cut(message, 300), stack: cut(stack, 3500) };
  while (utf8Bytes(JSON.stringify(data)) > MAX_DATA_BYTES) data.stack = cut(data.stack, data.stack.length * 0.8);
  return data;
}
