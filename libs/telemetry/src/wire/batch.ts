import { hash } from 'node:crypto';
import { readClock } from './clock.js';
import { readEvent, type EventContext, type ParsedEvent } from './event.js';
import { Fields, isObject, pointerTo, validationFailed } from './fields.js';
import { readJson } from './json.js';
import type { WireLimits } from './limits.js';
import { Refusal } from './refusal.js';
import { sampleOf } from './sample.js';
import { UploadError } from './upload-error.js';

/** One event that is refused; its batch goes on without it. */
export interface Rejection {
  /** Its place in the upload, from 0. */
  index: number;
  code: string;
  detail: string;
  /** The first 512 characters of the event as JSON, for the quarantine. */
  sample: string;
}

/** One upload that was read: `events` and `rejected` together are what was sent. */
export interface ParsedBatch {
  /** The 16 bytes of the id. */
  batchId: Buffer;
  /** The id in lower case. */
  batchIdText: string;
  /** The first 16 bytes of the BLAKE2b hash of the inflated body: the same upload again has the same. It costs a third of SHA-256. */
  bodyHash: Buffer;
  appId: string;
  appVersion: string;
  mosisVersion: string;
  deviceId: string;
  /** The 16 bytes of the id. */
  sessionId: Buffer;
  /** The id in lower case. */
  sessionIdText: string;
  os: string | null;
  deviceModel: string | null;
  /** Two upper-case letters. */
  country: string | null;
  locale: string | null;
  /** In the order they were sent. */
  events: ParsedEvent[];
  /** In the order they were sent. */
  rejected: Rejection[];
  /** How many events the device dropped before this upload, by its own reasons. */
  dropped: Record<string, number>;
  /** What was added to every event's time, in milliseconds; 0 when nothing was corrected. */
  clockOffsetMs: number;
  sentEventCount: number;
}

const BATCH_KEYS: ReadonlySet<string> = new Set([
  'batch_id',
  'app_id',
  'app_version',
  'mosis_version',
  'device_id',
  'session_id',
  'context',
  'events',
  'dropped',
]);
const CONTEXT_KEYS: ReadonlySet<string> = new Set(['os', 'device_model', 'country', 'locale']);

/** ISO 3166-1 alpha-2: two letters. The codes of private use are among them, since devices do send XK. */
const COUNTRY = /^[a-z]{2}$/i;
const DROP_REASON = /^[a-z][a-z0-9_]{0,59}$/;
const MAX_DROP_REASONS = 20;
const HASH_BYTES = 16;

/**
 * Reads an upload's inflated body: checks the shape of the batch as a whole, then each event by itself, and corrects the
 * device's clock.
 *
 * @param times `receivedMs` by the server's clock, and the `X-Sent-At` header as it came
 * @throws UploadError 400 `body-unreadable`, 422 `invalid-sent-at`, `validation-failed` or `too-many-events`
 */
export function parseBatch(
  inflated: Buffer,
  times: { receivedMs: number; sentAt: string | undefined },
  limits: WireLimits,
): ParsedBatch {
  const { value, hasEscapes } = readJson(inflated);
  const clock = readClock(times.receivedMs, times.sentAt, limits);
  if (!isObject(value)) {
    throw validationFailed([{ pointer: '', code: 'invalid-type', detail: 'A batch is an object.' }]);
  }
  const fields = new Fields();
  const sent = readEventList(value.events, fields, limits);
  fields.knownKeys(value, '', BATCH_KEYS);
  const batchIdText = fields.uuid(value.batch_id, '/batch_id');
  const sessionIdText = fields.uuid(value.session_id, '/session_id');
  const head = {
    appId: fields.text(value.app_id, '/app_id', 255),
    appVersion: fields.text(value.app_version, '/app_version', 50),
    mosisVersion: fields.text(value.mosis_version, '/mosis_version', 50),
    deviceId: fields.text(value.device_id, '/device_id', 128),
    ...readContext(value.context, fields),
    dropped: readDropped(value.dropped, fields),
  };
  fields.throwIfAny();

  return {
    batchId: uuidBytes(batchIdText),
    batchIdText,
    // By way of hexadecimal: quicker than a buffer of its own outside the heap.
    bodyHash: Buffer.from(hash('blake2b512', inflated, 'hex').slice(0, 2 * HASH_BYTES), 'hex'),
    sessionId: uuidBytes(sessionIdText),
    sessionIdText,
    ...head,
    ...readEvents(sent, { clock, limits, hasEscapes }),
    clockOffsetMs: clock.offsetMs,
    sentEventCount: sent.length,
  };
}

function readEventList(events: unknown, fields: Fields, limits: WireLimits): unknown[] {
  if (events === undefined) fields.fail('/events', 'missing', 'This is required.');
  else if (!Array.isArray(events)) fields.fail('/events', 'invalid-type', 'This is an array.');
  else if (events.length === 0) fields.fail('/events', 'too-short', 'A batch has at least 1 event.');
  else if (events.length > limits.maxEvents) {
    throw new UploadError({
      status: 422,
      code: 'too-many-events',
      detail: `A batch has at most ${limits.maxEvents} events.`,
    });
  } else return events;
  return [];
}

function readEvents(sent: unknown[], context: EventContext): { events: ParsedEvent[]; rejected: Rejection[] } {
  const events: ParsedEvent[] = [];
  const rejected: Rejection[] = [];
  for (let index = 0; index < sent.length; index++) {
    const event = readEvent(sent[index], index, context);
    if (event instanceof Refusal) {
      rejected.push({ index, code: event.code, detail: event.detail, sample: sampleOf(sent[index]) });
    } else {
      events.push(event);
    }
  }
  return { events, rejected };
}

type Context = Pick<ParsedBatch, 'os' | 'deviceModel' | 'country' | 'locale'>;

function readContext(context: unknown, fields: Fields): Context {
  if (context === undefined) return { os: null, deviceModel: null, country: null, locale: null };
  if (!isObject(context)) {
    fields.fail('/context', 'invalid-type', 'This is an object, or left out.');
    return { os: null, deviceModel: null, country: null, locale: null };
  }
  fields.knownKeys(context, '/context', CONTEXT_KEYS);
  return {
    os: fields.optionalText(context.os, '/context/os', 100),
    deviceModel: fields.optionalText(context.device_model, '/context/device_model', 100),
    country: readCountry(context.country, fields),
    locale: fields.optionalText(context.locale, '/context/locale', 35),
  };
}

function readCountry(country: unknown, fields: Fields): string | null {
  if (country === undefined) return null;
  if (typeof country === 'string' && COUNTRY.test(country)) return country.toUpperCase();
  fields.fail('/context/country', 'invalid-country', 'This is a country code of two letters (ISO 3166-1 alpha-2).');
  return null;
}

function readDropped(dropped: unknown, fields: Fields): Record<string, number> {
  const counts: Record<string, number> = {};
  if (dropped === undefined) return counts;
  if (!isObject(dropped)) {
    fields.fail('/dropped', 'invalid-type', 'This is an object, or left out.');
    return counts;
  }
  let reasons = 0;
  for (const reason in dropped) {
    if (++reasons > MAX_DROP_REASONS) {
      fields.fail('/dropped', 'too-many', `There are at most ${MAX_DROP_REASONS} reasons.`);
      break;
    }
    const count = dropped[reason];
    if (!DROP_REASON.test(reason)) {
      fields.fail(pointerTo('/dropped', reason), 'invalid-reason', 'A reason is a name as an event type is one.');
    } else if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      fields.fail(pointerTo('/dropped', reason), 'invalid-count', 'A count is a whole number from 0 to 2^53 − 1.');
    } else {
      // JSON can write -0, which SQLite would be handed as a float.
      counts[reason] = count + 0;
    }
  }
  return counts;
}

function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
