export * from './migration-files.js';
export * from './migration-error.js';
export { readStatus, type MigrationChange, type MigrationDirection, type MigrationStatus } from './history.js';
export * from './migrator.js';
export * from './careful-migration.js';
export { SpaceError } from './free-space.js';
export { RESTORE_POINTS_FOLDER, RESTORE_POINTS_KEPT, RestorePoints, type RestorePoint } from './restore-points.js';
export * from './use-restore-point.js';
