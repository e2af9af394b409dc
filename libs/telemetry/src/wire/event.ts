import { correctTime, type UploadClock } from './clock.js';
import { readData } from './data.js';
import type { WireLimits } from './limits.js';
import { Refusal } from './refusal.js';
import { quote } from './text.js';
import { parseTimestamp } from './timestamp.js';

/** One event that is accepted. */
export interface ParsedEvent {
  /** Its place in the upload, from 0. */
  index: number;
  type: string;
  /** When it happened, in milliseconds since 1970 by the server's clock; never after the receipt. */
  timeMs: number;
  /** The sum of what was done to its time: 1 clock corrected, 2 clamped to the receipt, 4 more than 24 h before it. */
  flags: number;
  /** The JSON text of `data` as it is stored; null when it is absent or empty. */
  data: string | null;
}

/** What the events of one upload share. */
export interface EventContext {
  clock: UploadClock;
  limits: WireLimits;
  hasEscapes: boolean;
}

const EVENT_TYPE = /^[a-z][a-z0-9_]{0,59}$/;

const NOT_AN_OBJECT = new Refusal('invalid-event', 'An event is an object.');
const INVALID_TYPE = new Refusal(
  'invalid-type',
  'type is a name of lower-case letters, digits and underscores that starts with a letter, at most 60 characters.',
);
const INVALID_TIMESTAMP = new Refusal(
  'invalid-timestamp',
  'timestamp is an RFC 3339 date-time with an offset, such as 2026-11-20T10:30:00Z.',
);

/** Checks one event. It looks at nothing but this event and what the whole upload shares. */
export function readEvent(value: unknown, index: number, context: EventContext): ParsedEvent | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return NOT_AN_OBJECT;
  const event = value as { type?: unknown; timestamp?: unknown; data?: unknown };
  for (const key in event) {
    if (key !== 'type' && key !== 'timestamp' && key !== 'data') {
      return new Refusal('unknown-field', `${quote(key)} is no field of an event: put it into data.`);
    }
  }
  const { type, timestamp } = event;
  if (typeof type !== 'string' || !EVENT_TYPE.test(type)) return INVALID_TYPE;
  const deviceMs = typeof timestamp === 'string' ? parseTimestamp(timestamp) : undefined;
  if (deviceMs === undefined) return INVALID_TIMESTAMP;
  const data = readData(event.data, context.hasEscapes, context.limits);
  if (data instanceof Refusal) return data;
  const time = correctTime(deviceMs, context.clock, context.limits);
  if (!time) {
    const days = context.limits.maxAgeMs / 86_400_000;
    return new Refusal('too-old', `The event happened more than ${days} days before it was received.`);
  }
  return { index, type, timeMs: time.timeMs, flags: time.flags, data };
}
