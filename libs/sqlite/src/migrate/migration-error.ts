import type { Loss } from './row-census.js';

/** Why a migration was not applied. */
export type MigrationErrorCode =
  | 'migration-failed'
  | 'migration-loses-rows'
  | 'migration-loses-guards'
  | 'migration-breaks-references'
  | 'migration-breaks-checks'
  | 'migration-changes-kept-table'
  | 'migration-history-differs';

/** A migration was not applied; the file is as it was before. */
export class MigrationError extends Error {
  constructor(
    readonly code: MigrationErrorCode,
    readonly migration: string,
    message: string,
    readonly losses: Loss[] = [],
  ) {
    super(message);
    this.name = 'MigrationError';
  }
}
