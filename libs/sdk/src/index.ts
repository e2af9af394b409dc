/** Telemetry of apps on devices: collects events, keeps them through restarts, and sends each to the server once. */
export type { EventData, EventValue, KnownEvents } from './events.js';
export type { DeviceContext, TelemetryOptions } from './options.js';
export type { Platform } from './platform.js';
export type { DropCounts, DropReason } from './queue-state.js';
export { openFileStorage } from './storage/file-storage.js';
export { openIndexedDbStorage } from './storage/indexed-db-storage.js';
export type { TelemetryStorage } from './storage/storage.js';
export { createTelemetry, type Telemetry, type TelemetryState, type TelemetryStats } from './telemetry.js';
