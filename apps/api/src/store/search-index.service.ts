import { setImmediate } from 'node:timers/promises';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase } from '@mosis/db';
import { DAY_MS, MINUTE_MS } from '../common/clock.js';
import { JobsService } from '../jobs/jobs.service.js';
import { SEARCH_INDEXES, SearchIndexRepository, type SearchIndex } from './search-index.repository.js';

/** From so many pieces on an index is written anew: at 100,000 apps sixteen make a search take half as long again. */
const MANY_PIECES = 8;

/** Keeps the indexes that searches read in few pieces. */
@Injectable()
export class SearchIndexService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: SearchIndexRepository,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    this.jobs.register('search.merge', () => this.merge(), {
      everyMs: DAY_MS,
      afterStartMs: 10 * MINUTE_MS,
      lane: 'slow',
    });
  }

  /**
   * Merges each index that has many pieces into one, in steps that others write between, and resolves with the pieces of each
   * before. What is broken off is taken up by the next run: any step leaves an index whole.
   */
  async merge(): Promise<Record<SearchIndex, number>> {
    const pieces = { apps_fts: 0, apps_labels: 0, apps_trigrams: 0 };
    for (const index of SEARCH_INDEXES) {
      pieces[index] = await this.repository.countPieces(index);
      if (pieces[index] >= MANY_PIECES) await this.mergeAll(index);
    }
    return pieces;
  }

  private async mergeAll(index: SearchIndex): Promise<void> {
    const step = (isFirst: boolean) => this.db.write((trx) => this.repository.mergeStep(trx, index, isFirst));
    for (let hasMore = await step(true); hasMore; hasMore = await step(false)) await setImmediate();
  }
}
