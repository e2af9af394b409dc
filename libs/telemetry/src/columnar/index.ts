/** Parquet copies, exports, and what is asked of raw events: DuckDB in a process of its own. */
export { AnalyticsProcess, type AnalyticsOptions } from './analytics-process.js';
export type { ColumnarDeps } from './deps.js';
export { AnalyticsError, DeadlineError, ExportError, VerificationError } from './errors.js';
export { AGGREGATES_FOLDER } from './export-keys.js';
export type { SqlAnswer, WrittenFile } from './protocol.js';
export { purgeExports } from './purge-exports.js';
export { hasCurrentArchive, runArchive } from './run-archive.js';
export { runExport, type ExportOptions } from './run-export.js';
