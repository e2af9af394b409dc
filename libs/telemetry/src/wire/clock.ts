import type { WireLimits } from './limits.js';
import { parseTimestamp } from './timestamp.js';
import { UploadError } from './upload-error.js';

/** The device's clock was off, and the event's time was moved by the difference. */
export const FLAG_CLOCK_CORRECTED = 1;
/** The event claimed to happen after its receipt, and was moved back to it. */
export const FLAG_CLAMPED_TO_NOW = 2;
/** The event happened more than 24 hours before its receipt. */
export const FLAG_LATE = 4;

const LATE_MS = 24 * 60 * 60 * 1000;

/** How the times of one upload are read. */
export interface UploadClock {
  receivedMs: number;
  /** What is added to every time of the device; 0 while its clock is within the tolerance, or unknown. */
  offsetMs: number;
}

/**
 * Compares the device's clock with the server's by the moment of sending that the device stamped on the upload.
 *
 * @throws UploadError 422 `invalid-sent-at`
 */
export function readClock(receivedMs: number, sentAt: string | undefined, limits: WireLimits): UploadClock {
  if (sentAt === undefined) return { receivedMs, offsetMs: 0 };
  const sentMs = parseTimestamp(sentAt);
  if (sentMs === undefined) {
    throw new UploadError({
      status: 422,
      code: 'invalid-sent-at',
      detail: 'X-Sent-At is an RFC 3339 date-time with an offset, such as 2026-11-20T10:30:00.000Z.',
    });
  }
  const offsetMs = receivedMs - sentMs;
  return { receivedMs, offsetMs: Math.abs(offsetMs) > limits.skewToleranceMs ? offsetMs : 0 };
}

/** An event's time by the server's clock, at most the receipt, and what was done to it. */
export interface CorrectedTime {
  timeMs: number;
  flags: number;
}

/** Corrects a time of the device; undefined when it is too old to be taken. */
export function correctTime(deviceMs: number, clock: UploadClock, limits: WireLimits): CorrectedTime | undefined {
  const timeMs = deviceMs + clock.offsetMs;
  const ageMs = clock.receivedMs - timeMs;
  if (ageMs > limits.maxAgeMs) return undefined;
  const corrected = clock.offsetMs === 0 ? 0 : FLAG_CLOCK_CORRECTED;
  if (ageMs < 0) return { timeMs: clock.receivedMs, flags: corrected | FLAG_CLAMPED_TO_NOW };
  return { timeMs, flags: corrected | (ageMs > LATE_MS ? FLAG_LATE : 0) };
}
