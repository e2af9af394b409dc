/** Continuous backups with Litestream: configuration, commands, restores. Knows nothing of Nest. */
export * from './location.js';
export * from './litestream/binary.js';
export * from './litestream/config.js';
export * from './litestream/command.js';
export * from './restore/restore-database.js';
export { LitestreamSupervisor } from './supervisor/litestream-supervisor.js';
export type { SupervisorOptions } from './supervisor/replication.js';
export { endOrphans, locateLitestreamConfig, OrphanError } from './supervisor/orphans.js';
export { REPLICA_INTERVALS, scheduleOf } from './supervisor/schedule.js';
export type * from './supervisor/status.js';
export type { SupervisorTuning } from './supervisor/tuning.js';
export * from './mirror/index.js';
export { inspectBackups, type InspectOptions } from './supervisor/inspect-backups.js';
export * from './restore/restore-errors.js';
export {
  findEarliestMoment,
  findMomentBefore,
  findRestoreMoment,
  type RestoreMoment,
} from './restore/restore-moment.js';
export { openReplicaStore, readReplicaHistory, type ReplicaHistory } from './restore/replica-history.js';
export { assertNoUnfinishedRestore, RestoreDirectory, RestoreDirectoryError } from './restore/restore-directory.js';
export * from './restore/restore-objects.js';
export * from './restore/plan-restore.js';
export {
  assertRestoreSpace,
  readFreeBytes,
  RestoreSpaceError,
  sumObjectBytes,
  type ReadFreeBytes,
} from './restore/restore-space.js';
export * from './restore/compare-table.js';
export { assertRowCondition, RowConditionError } from './restore/row-condition.js';
