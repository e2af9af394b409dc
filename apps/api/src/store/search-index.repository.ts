import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { CoreDatabase, type CoreTransaction } from '@mosis/db';

/** The full-text indexes of the store's apps. */
export const SEARCH_INDEXES = ['apps_fts', 'apps_labels', 'apps_trigrams'] as const;
export type SearchIndex = (typeof SEARCH_INDEXES)[number];

/** Pages of 4 KiB that one step writes: at 100,000 apps two milliseconds in the median. */
const PAGES_PER_STEP = 16;

/** How FTS5 keeps its indexes. A change is written as a piece of its own (FTS5 says segment), which later changes merge. */
@Injectable()
export class SearchIndexRepository {
  constructor(private readonly db: CoreDatabase) {}

  /** Of how many pieces an index consists. Each is looked through for each word. */
  async countPieces(index: SearchIndex): Promise<number> {
    const pages = sql.table(`${index}_idx`);
    const { rows } = await sql<{ pieces: number }>`SELECT COUNT(DISTINCT segid) AS pieces FROM ${pages}`.execute(
      this.db.read,
    );
    return rows[0]?.pieces ?? 0;
  }

  /**
   * Does a part of merging all pieces into one; `isFirst` decides which pieces take part. Resolves with whether there is more to do:
   * https://www.sqlite.org/fts5.html#the_merge_command says how one finds out.
   */
  async mergeStep(trx: CoreTransaction, index: SearchIndex, isFirst: boolean): Promise<boolean> {
    const table = sql.table(index);
    const before = await this.countChanges(trx);
    const pages = isFirst ? -PAGES_PER_STEP : PAGES_PER_STEP;
    await sql`INSERT INTO ${table} (${sql.ref(index)}, rank) VALUES ('merge', ${pages})`.execute(trx);
    return (await this.countChanges(trx)) - before >= 2;
  }

  private async countChanges(trx: CoreTransaction): Promise<number> {
    const { rows } = await sql<{ changes: number }>`SELECT total_changes() AS changes`.execute(trx);
    return rows[0]?.changes ?? 0;
  }
}
