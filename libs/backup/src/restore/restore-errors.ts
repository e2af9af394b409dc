import { databaseFileName, type DatabaseName } from '../location.js';

/** Why nothing can be restored: nothing is there, or nothing that old. */
export class NothingToRestoreError extends Error {
  override readonly name = 'NothingToRestoreError';

  constructor(
    readonly database: DatabaseName,
    problem: string,
    /** The first moment that can be restored, if there is one. */
    readonly earliest?: Date,
  ) {
    super(`${databaseFileName(database)}: ${problem}`);
  }
}

/** The backup of a database is not whole: what is there cannot be restored, or not all of it. */
export class BackupDamagedError extends Error {
  override readonly name = 'BackupDamagedError';

  constructor(
    readonly database: DatabaseName,
    problem: string,
    /** The newest moment before the damage, if there is one. */
    readonly wholeUntil?: Date,
  ) {
    super(
      `The backup of ${databaseFileName(database)} is damaged: ${problem}. ${
        wholeUntil
          ? `It is whole up to ${wholeUntil.toISOString()}: restore with --at ${wholeUntil.toISOString()}, or put the file back from a copy of the backup.`
          : 'Nothing of it can be restored; use another copy of the backup.'
      }`,
    );
  }
}
