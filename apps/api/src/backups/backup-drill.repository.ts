import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreRow, type CoreTransaction } from '@mosis/db';

/** All SQL of verifications of the backups. */
@Injectable()
export class BackupDrillRepository {
  constructor(private readonly db: CoreDatabase) {}

  /** Writes the row that a restore has to bring back, and that says that this one has not ended. */
  async insert(trx: CoreTransaction, id: string, startedAt: string): Promise<void> {
    await trx
      .insertInto('backup_drills')
      .values({ id, state: 'running', started_at: startedAt })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Writes down how a verification ended, whether or not it came as far as its row. */
  async insertFinished(
    trx: CoreTransaction,
    report: { id: string; state: 'passed' | 'failed'; started_at: string; finished_at: string },
  ): Promise<void> {
    const { id, state, started_at, finished_at } = report;
    await trx
      .insertInto('backup_drills')
      .values({ id, state, started_at, finished_at, report: JSON.stringify(report) })
      .execute();
  }

  /** Forgets old ones, and the rows of those that are over. */
  async forget(trx: CoreTransaction, before: string): Promise<void> {
    await trx
      .deleteFrom('backup_drills')
      .where((eb) => eb.or([eb('started_at', '<', before), eb('state', '=', 'running')]))
      .execute();
  }

  /** Those that have not ended: the one that runs, or what a killed process left. */
  async listRunning(): Promise<Pick<CoreRow<'backup_drills'>, 'id' | 'started_at'>[]> {
    return this.db.read
      .selectFrom('backup_drills')
      .select(['id', 'started_at'])
      .where('state', '=', 'running')
      .orderBy('started_at')
      .execute();
  }

  /** The newest one that was finished. */
  async findLatest(): Promise<CoreRow<'backup_drills'> | undefined> {
    return this.db.read
      .selectFrom('backup_drills')
      .selectAll()
      .where('state', '!=', 'running')
      .orderBy('started_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }
}
