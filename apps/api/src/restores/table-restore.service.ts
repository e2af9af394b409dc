import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreTransaction } from '@mosis/db';
import type { RawConnection } from '@mosis/sqlite';
import { AuditService, type AuditActor } from '../audit/audit.service.js';
import { AppError } from '../common/app-error.js';
import { findKeptEnd, findRefusal, GUARDED_TABLES } from './table-policies.js';
import { RowRefusedError, TableRowsRepository } from './table-rows.repository.js';

/** Rows to bring back. */
export interface TableRestoreRequest {
  tables: string[];
  /** A file with the rows, as comparing made it. */
  rowsFile: string;
  /** The moment that they are of. */
  at: string;
  /** Also sets changed rows to what they were. */
  changed: boolean;
  /** Takes the triggers away meanwhile that hold the life of apps, versions and reviews. */
  withoutGuards: boolean;
  /** With `changed`: also sets accounts, apps and versions back that were ended since, or whose rights were taken. */
  revive: boolean;
}

/** What was brought back in a table. */
export interface RestoredTable {
  table: string;
  missing: number;
  changed: number;
  /** Changed rows that stay as they are: they were ended since, or their rights were taken. */
  left: number;
}

/** Brings rows of core.db back, all of them or none. */
@Injectable()
export class TableRestoreService {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: TableRowsRepository,
    private readonly audit: AuditService,
  ) {}

  /**
   * Brings back what a comparison found, in one transaction: constraints and triggers are obeyed, references hold at its end,
   * and each table gets an audit row.
   *
   * @throws AppError `request-invalid` that says what is in the way; nothing was changed
   */
  async apply(request: TableRestoreRequest, actor: AuditActor): Promise<RestoredTable[]> {
    for (const table of request.tables) {
      const refusal = findRefusal(table);
      if (refusal) throw refused(`${table} is not restored by itself: ${refusal}.`);
    }
    const rows = this.repository.openRows(request.rowsFile);
    try {
      return await this.db.write(async (trx) => {
        await this.repository.deferReferences(trx);
        const guards = [];
        if (request.withoutGuards)
          for (const table of request.tables) guards.push(...(await this.repository.dropGuards(trx, table)));
        const restored: RestoredTable[] = [];
        for (const table of request.tables) restored.push(await this.restoreTable(trx, rows, table, request));
        await this.repository.putBackGuards(trx, guards);
        await this.assertWhole(trx, request);
        for (const { table, missing, changed, left } of restored)
          await this.audit.append(trx, actor, {
            action: 'table.restored',
            subject: { kind: 'table', id: table },
            data: {
              at: request.at,
              missing,
              changed,
              left,
              without_guards: request.withoutGuards,
              revive: request.revive,
            },
          });
        return restored;
      });
    } catch (error) {
      if (error instanceof RowRefusedError) throw refused(`${error.message} ${adviceFor(request)}`);
      throw error;
    } finally {
      rows.close();
    }
  }

  private async restoreTable(
    trx: CoreTransaction,
    rows: RawConnection,
    table: string,
    request: TableRestoreRequest,
  ): Promise<RestoredTable> {
    const keys = await this.repository.listKeys(trx, table);
    const restored: RestoredTable = { table, missing: 0, changed: 0, left: 0 };
    await this.eachPage(rows, 'missing', table, async (page) => {
      await this.repository.insert(trx, table, keys, page);
      restored.missing += page.length;
    });
    if (request.changed)
      await this.eachPage(rows, 'changed', table, async (page) => {
        const kept = findKeptEnd(table, request.revive);
        for (const row of page) {
          if (await this.repository.update(trx, table, keys, row, kept)) restored.changed += 1;
          else restored.left += 1;
        }
      });
    return restored;
  }

  private async eachPage(
    rows: RawConnection,
    kind: 'missing' | 'changed',
    table: string,
    take: (page: Parameters<TableRowsRepository['insert']>[3]) => Promise<void>,
  ): Promise<void> {
    for (let after = 0; ;) {
      const page = this.repository.readPage(rows, kind, table, after);
      const last = page.at(-1);
      if (!last) return;
      await take(page.map(({ 'row number': _number, ...row }) => row));
      after = Number(last['row number']);
      // Writers wait for the end, but readers need not: statements are synchronous underneath.
      await setImmediate();
    }
  }

  private async assertWhole(trx: CoreTransaction, { tables, withoutGuards }: TableRestoreRequest): Promise<void> {
    const dangling = [];
    for (const table of tables) dangling.push(...(await this.repository.findDangling(trx, table)));
    if (dangling.length > 0) {
      const list = dangling.map(({ table, parent, rows }) => `${rows} of ${table} need rows of ${parent}`).join(', ');
      const parents = [...new Set(dangling.map(({ parent }) => parent))].join(' ');
      throw refused(`${list}. Restore these tables in the same command: ${parents}.`);
    }
    if (!withoutGuards) return;
    const broken = await this.repository.findBroken(trx);
    if (broken.length > 0)
      throw refused(
        `What came back does not fit to what is there: ${broken.join('; ')}. Restore the tables that hang together at once: ${GUARDED_TABLES.join(' ')}.`,
      );
  }
}

function refused(problem: string): AppError {
  return new AppError('request-invalid', `Nothing was changed: ${problem}`);
}

function adviceFor({ tables, withoutGuards }: TableRestoreRequest): string {
  if (withoutGuards || !tables.some((table) => GUARDED_TABLES.includes(table)))
    return 'Leave it out with --where, or put right first what is in its way.';
  return 'Rows that had gone further than a draft come back with --without-guards, which looks afterwards whether all fits together.';
}
