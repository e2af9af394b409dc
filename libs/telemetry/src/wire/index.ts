/** The wire format of telemetry: one upload from its bytes to checked events with corrected times. */
export { parseBatch, type ParsedBatch, type Rejection } from './batch.js';
export { FLAG_CLAMPED_TO_NOW, FLAG_CLOCK_CORRECTED, FLAG_LATE } from './clock.js';
export { decodeBody } from './decode.js';
export type { ParsedEvent } from './event.js';
export { DEFAULT_WIRE_LIMITS, type WireLimits } from './limits.js';
export { UploadError, type UploadProblem, type UploadProblemPart } from './upload-error.js';
