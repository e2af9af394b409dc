import type { BackupLocation, DatabaseName } from '@mosis/backup';

/** What a verification is told; it travels to its process as a message, so that no credential stands in a command line. */
export interface DrillRequest {
  /** The live data, which is only read. */
  dataDir: string;
  /** An empty folder of its own. */
  scratch: string;
  location: BackupLocation;
  litestream: string | undefined;
  /** The row that each database has to bring back. */
  marker: string;
  /** Where the audit chain ended before the marker was written. */
  auditHead: { seq: number; hash: string } | undefined;
  /** Whether every object is hashed, not only those whose turn it is. */
  all: boolean;
  nowMs: number;
}

/** How often each table had which number of rows. */
export type RowCounts = Record<string, number>;

/** One thing that was looked at, in words for people. */
export interface DrillCheck {
  name: string;
  detail: string;
}

/** What a verification found. */
export interface DrillFindings {
  failures: string[];
  checks: DrillCheck[];
  restoredBytes: number;
  /** From the beginning of the restore to the first answer of a server on it, without the checks between; null without one. */
  rtoSeconds: number | null;
  objectsHashed: number;
}

/** Steps of a verification, as progress counts them. */
export const DRILL_STEPS = 9;

/** To the process. `marked`: the markers are on the replica. */
export type DrillOrder = { kind: 'begin'; request: DrillRequest } | { kind: 'marked' };

/** From the process. `counted`: the live tables are counted, and the markers may be written. */
export type DrillMessage =
  | { kind: 'counted' }
  | { kind: 'step' }
  | { kind: 'copies-verified'; copies: { key: string; sha256: string }[] }
  | { kind: 'copy-damaged'; key: string }
  | { kind: 'done'; findings: DrillFindings }
  | { kind: 'failed'; message: string };

/** The databases and how their files are named to people. */
export const FILE_OF: Record<DatabaseName, string> = { core: 'core.db', telemetry: 'telemetry.db' };
