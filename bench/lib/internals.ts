/**
 * Parts of the telemetry library that it does not export, as they were built: the benchmark prepares files in the engine's
 * own formats, and measures threads and processes one at a time. Types come from the sources.
 */
const load = async (path: string): Promise<unknown> =>
  import(new URL(`../../libs/telemetry/dist/${path}`, import.meta.url).href);

export const { eventsTable, eventsTableSql } = (await load(
  'storage/day-tables.js',
)) as typeof import('../../libs/telemetry/src/storage/day-tables.js');

export const { DAY_MS, dayOf, formatDay, parseDay } = (await load(
  'storage/days.js',
)) as typeof import('../../libs/telemetry/src/storage/days.js');

export const { createPartition, listPartitions } = (await load(
  'storage/partitions.js',
)) as typeof import('../../libs/telemetry/src/storage/partitions.js');

export const { ARCHIVE_FOLDER, migrateTelemetry, openTelemetryReader, openTelemetryWriter, telemetryDatabasePath } =
  (await load('storage/telemetry-file.js')) as typeof import('../../libs/telemetry/src/storage/telemetry-file.js');

export const { Dictionaries } = (await load(
  'writer/dictionaries.js',
)) as typeof import('../../libs/telemetry/src/writer/dictionaries.js');

export const { CrashGroups } = (await load(
  'writer/crash-groups.js',
)) as typeof import('../../libs/telemetry/src/writer/crash-groups.js');

export const { ReaderThread } = (await load(
  'queries/reader-thread.js',
)) as typeof import('../../libs/telemetry/src/queries/reader-thread.js');

export const { AnalyticsProcess } = (await load(
  'columnar/analytics-process.js',
)) as typeof import('../../libs/telemetry/src/columnar/analytics-process.js');
