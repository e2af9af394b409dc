import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertRestoreSpace,
  BackupDamagedError,
  compareTable,
  planRestore,
  restoreDatabase,
  type TableComparison,
} from '@mosis/backup';
import { coreDatabasePath } from '@mosis/db';
import { lookThrough } from '@mosis/sqlite';
import { giveToOwnerOf } from '../common/ownership.js';
import type { Settings } from '../config/settings.js';
import { describeDamage } from './check-core.js';
import { RestoreError } from './restore.service.js';
import type { RestoreStep } from './restore.types.js';
import { findRefusal } from './table-policies.js';

/** Tables beside what they were at a moment. */
export interface TablesThenAndNow {
  /** The moment that was restored to compare with. */
  moment: string;
  tables: TableComparison[];
  /** The rows to bring back. */
  rowsFile: string;
  restoredInMs: number;
  comparedInMs: number;
}

export interface ComparisonRequest {
  tables: string[];
  at: Date;
  where?: string | undefined;
  limit: number;
}

/** Compares tables with what they were, beside a server or without one: it reads, and writes only beside the database. */
export class TableComparisonService {
  constructor(private readonly parts: { settings: Settings; onStep?: (step: RestoreStep) => void }) {}

  /**
   * Restores core.db as of a moment to a scratch folder, compares, and hands what it found to `use`; the folder is gone when
   * this resolves.
   *
   * @throws RestoreError, and what restoring and comparing throw
   */
  async compare<Result>(
    request: ComparisonRequest,
    use: (found: TablesThenAndNow) => Promise<Result>,
  ): Promise<Result> {
    const { settings, onStep } = this.parts;
    for (const table of request.tables) {
      const refusal = findRefusal(table);
      if (refusal) throw new RestoreError(`${table} is not restored by itself: ${refusal}.`);
    }
    const now = coreDatabasePath(settings.dataDir);
    if (!existsSync(now))
      throw new RestoreError(`There is no ${now} to compare with. mosis restore --to makes a whole one.`);
    const { location, litestreamPath } = settings.backup;
    const plan = (await planRestore(location, ['core'], request.at)).get('core')!;
    const tmp = join(settings.dataDir, 'tmp');
    await mkdir(tmp, { recursive: true, mode: 0o750 });
    // The copy, the rows that are brought back from it, and while a table is compared the keys of what differs.
    await assertRestoreSpace(settings.dataDir, 2 * plan.snapshotBytes);
    const scratch = await mkdtemp(join(tmp, 'restore-table-'));
    try {
      const then = join(scratch, 'then.db');
      const startedAt = performance.now();
      onStep?.({ name: `core.db as of ${plan.moment.at.toISOString()}` });
      const { at } = await restoreDatabase({
        location,
        database: 'core',
        to: then,
        at: plan.moment.timestamp,
        history: plan.history,
        binary: litestreamPath,
      });
      await assertSound(then);
      const comparingAt = performance.now();
      const rowsFile = join(scratch, 'rows.db');
      const tables = request.tables.map((table) => {
        onStep?.({ name: `comparing ${table}` });
        return hideSecrets(
          compareTable({ then, now, table, where: request.where, limit: request.limit, scratch, rowsFile }),
        );
      });
      await giveToOwnerOf(now, [tmp, scratch, rowsFile]);
      return await use({
        moment: at.toISOString(),
        tables,
        rowsFile,
        restoredInMs: Math.round(comparingAt - startedAt),
        comparedInMs: Math.round(performance.now() - comparingAt),
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
}

/** Says that a secret's hash, or a key, differs, and not what it is. */
function hideSecrets(comparison: TableComparison): TableComparison {
  const hide = (value: unknown) => (value === null ? null : '(hidden)');
  for (const { columns } of comparison.examples) {
    for (const [column, values] of Object.entries(columns ?? {}))
      if (/_hash$|^key$/.test(column) && columns) columns[column] = { then: hide(values.then), now: hide(values.now) };
  }
  return comparison;
}

/** Opens the file for writing, too, so that it is one that can be attached without a WAL. */
async function assertSound(file: string): Promise<void> {
  const damage = describeDamage(await lookThrough(file));
  if (damage !== undefined) throw new BackupDamagedError('core', `what came back is not sound (${damage})`);
}
