import type { DatabaseName } from '../location.js';

/** Where the supervisor's lines go. */
export interface BackupLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** Something that is wrong, or worth saying, in plain words. */
export interface BackupProblem {
  code: string;
  detail: string;
}

/**
 * Whether a database is copied: `replicating`; `waiting` when Litestream is dead and will be started again, the WAL still
 * kept for it; `suspended` when it was taken from Litestream, and the application checkpoints; `off` without a binary;
 * `idle` while no server runs.
 */
export type ReplicationState = 'replicating' | 'waiting' | 'suspended' | 'off' | 'idle';

/**
 * What is wrong with a backup: `missing` no Litestream; `stopped` it is dead and will be started again; `suspended` given up
 * for now; `late` what was written does not arrive; `unreachable` the replica cannot be listed; `broken` nothing can be
 * restored from what lies there.
 */
export interface BackupTrouble {
  kind: 'missing' | 'stopped' | 'suspended' | 'late' | 'unreachable' | 'broken';
  detail: string;
}

/** The backup of one database. */
export interface DatabaseBackupStatus {
  database: DatabaseName;
  state: ReplicationState;
  /** Restorable, reachable and not late; `null` until the replica was listed for the first time. */
  healthy: boolean | null;
  trouble: BackupTrouble | null;
  generation: string | null;
  /** A snapshot is on its way; until it has arrived, only what was there before can be restored. */
  snapshotting: boolean;
  /** Where the replica ends: `WAL:byte`. */
  position: string | null;
  /** Bytes that were written and are not on the replica. */
  lagBytes: number;
  /** Age of the oldest write that is not on the replica. */
  lagSeconds: number;
  walBytes: number;
  shadowBytes: number;
  snapshots: number;
  segments: number;
  /** Any moment since then can be restored. */
  restorableSince: Date | null;
  /** When the replica was last listed. */
  checkedAt: Date | null;
  /** Generations that were begun while this process ran. */
  generations: number;
}

/** The backups of a data directory. */
export interface BackupStatus {
  /** Whether this platform has the binary. */
  available: boolean;
  litestreamVersion: string;
  location: string;
  pid: number | null;
  /** Times that Litestream was started again because it died, hung, or had to give something up. */
  restarts: number;
  /** Data and replica lie on one device: what breaks that breaks both. */
  sameDevice: boolean;
  databases: DatabaseBackupStatus[];
  problems: BackupProblem[];
  warnings: BackupProblem[];
}
