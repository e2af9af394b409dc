/** Telemetry: wire format, writer, day partitions, rollups, retention, queries, export. Knows nothing of Nest or core.db. */
export { TelemetryEngine } from './engine/telemetry-engine.js';
export type * from './engine/types.js';
export { AnalyticsError, DeadlineError, ExportError, VerificationError, type SqlAnswer } from './columnar/index.js';
export type { LiveCounts } from './live/live-presence.js';
export * from './queries/types.js';
export { ReaderOverloadedError, ReaderUnavailableError } from './queries/reader-thread.js';
export { reconcileRestoredTelemetry, type RestoredTelemetry } from './restored/reconcile-restored.js';
export { formatDay, parseDay } from './storage/days.js';
export {
  ARCHIVE_FOLDER,
  migrateTelemetry,
  readTelemetryMigrations,
  TELEMETRY_DATABASE_FILE,
  telemetryDatabasePath,
  telemetryMigrationTarget,
} from './storage/telemetry-file.js';
export { DEFAULT_WIRE_LIMITS } from './wire/index.js';
