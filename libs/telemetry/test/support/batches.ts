import { randomUUID } from 'node:crypto';

/** One event as a device sends it; its time is how long before the sending it happened. */
export interface SentEvent {
  type: string;
  agoMs: number;
  data?: Record<string, unknown>;
}

/** What a device sends at once. */
export interface SentBatch {
  packageId: string;
  deviceId: string;
  sessionId: string;
  appVersion?: string;
  mosisVersion?: string;
  context?: { os?: string; country?: string; device_model?: string; locale?: string };
  events: SentEvent[];
}

/** A session id that is the same for the same number. */
export function sessionIdOf(session: number): string {
  return `00000000-0000-4000-8000-${String(session).padStart(12, '0')}`;
}

/** The body of a batch, as of a device whose clock shows `deviceNowMs`. */
export function bodyOf(batch: SentBatch, deviceNowMs: number, batchId: string = randomUUID()): Buffer {
  return Buffer.from(
    JSON.stringify({
      batch_id: batchId,
      app_id: batch.packageId,
      app_version: batch.appVersion ?? '1.0.0',
      mosis_version: batch.mosisVersion ?? '1.0',
      device_id: batch.deviceId,
      session_id: batch.sessionId,
      ...(batch.context ? { context: batch.context } : {}),
      events: batch.events.map(({ type, agoMs, data }) => ({
        type,
        timestamp: new Date(deviceNowMs - agoMs).toISOString(),
        ...(data ? { data } : {}),
      })),
    }),
  );
}

/** So many events of one type, a second apart. */
export function someEvents(n: number, type = 'screen_view', agoMs = 0): SentEvent[] {
  return Array.from({ length: n }, (_, index) => ({ type, agoMs: agoMs + index * 1_000 }));
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
