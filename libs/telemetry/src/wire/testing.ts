import { DEFAULT_WIRE_LIMITS, parseBatch, UploadError, type ParsedBatch, type UploadProblem } from './index.js';

/** The moment of receipt in the tests of this folder. */
export const RECEIVED_MS = Date.UTC(2026, 10, 20, 10, 30, 0);

/** A batch that is accepted as it is, with the fields of `change` put over it. */
export function batchWith(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    batch_id: '0F6F4F9E-3A52-4B0A-9D58-6A2B7A1F9C11',
    app_id: 'com.dev.app',
    app_version: '1.2.0',
    mosis_version: '1.0.0',
    device_id: 'device-1',
    session_id: '7b0a1c52-91de-4f0a-8d53-0c3c8e1f2a99',
    events: [eventWith()],
    ...change,
  };
}

/** An event that is accepted as it is, with the fields of `change` put over it. */
export function eventWith(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { type: 'screen_view', timestamp: '2026-11-20T10:29:00Z', data: { screen_name: 'home' }, ...change };
}

/** Reads a body received at {@link RECEIVED_MS}: JSON text, or a value that is made into it. */
export function parse(body: unknown, sentAt?: string): ParsedBatch {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return parseBatch(Buffer.from(text), { receivedMs: RECEIVED_MS, sentAt }, DEFAULT_WIRE_LIMITS);
}

/** Why the run refuses the upload; throws when it does not, or throws anything but an UploadError. */
export function problemOf(run: () => unknown): UploadProblem {
  try {
    run();
  } catch (error) {
    if (error instanceof UploadError) return error.problem;
    throw error;
  }
  throw new Error('The upload was not refused.');
}
