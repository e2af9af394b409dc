import type { RowDifference } from '@mosis/backup';
import { canRevive } from './table-policies.js';
import type { TablesThenAndNow } from './table-comparison.service.js';
import type { RestoredTable } from './table-restore.service.js';

/** A comparison, and what was brought back if anything was. */
export interface TablesReport extends Omit<TablesThenAndNow, 'rowsFile'> {
  restored: RestoredTable[] | null;
  appliedInMs: number | null;
}

const MAX_VALUE_CHARACTERS = 60;

/** What tables held and hold, for people. */
export function describeTables({
  moment,
  tables,
  restored,
  restoredInMs,
  comparedInMs,
  appliedInMs,
}: TablesReport): string {
  const lines = tables.flatMap((table) => [
    `${table.table}: ${table.rowsThen} rows at ${moment}, ${table.rowsNow} now. ${table.missing} missing, ${table.changed} changed, ${table.added} added since.`,
    ...(table.columnsGone.length > 0 ? [`  columns of then that are gone: ${table.columnsGone.join(', ')}`] : []),
    ...(table.columnsNew.length > 0
      ? [`  columns that are new, and so not compared: ${table.columnsNew.join(', ')}`]
      : []),
    ...table.examples.map((row) => `  ${row.kind.padEnd(8)}${describeRow(row)}`),
  ]);
  const done = (restored ?? []).flatMap((table) => describeRestored(table));
  return [
    ...lines,
    ...(restored
      ? done
      : [
          'Nothing was changed. --apply brings missing rows back; with --changed it also sets changed rows to what they were.',
        ]),
    `core.db restored in ${seconds(restoredInMs)}, compared in ${seconds(comparedInMs)}${appliedInMs === null ? '' : `, rows brought back in ${seconds(appliedInMs)}`}.`,
  ].join('\n');
}

function describeRestored({ table, missing, changed, left }: RestoredTable): string[] {
  const rows = `${table}: ${missing} rows brought back, ${changed} set to what they were`;
  if (left === 0) return [`${rows}.`];
  if (!canRevive(table)) return [`${rows}, ${left} left because they were ended since.`];
  return [
    `${rows}, ${left} left because they were ended since or have fewer rights now.`,
    '  The same command without --apply lists these as changed. Those that shall come back: --where with --apply --changed --revive.',
  ];
}

function describeRow({ key, columns }: RowDifference): string {
  const identity = Object.entries(key)
    .map(([column, value]) => `${column}=${describeValue(value)}`)
    .join(' ');
  const changes = Object.entries(columns ?? {}).map(
    ([column, { then, now }]) => `${column}: ${describeValue(then)} → ${describeValue(now)}`,
  );
  return [identity, ...changes].join('; ');
}

// A value may hold what a terminal would take for a command.
function describeValue(value: unknown): string {
  if (value === null) return 'NULL';
  const text = Buffer.isBuffer(value) ? `x'${value.toString('hex')}'` : (value as string | number | bigint).toString();
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
  return plain.length > MAX_VALUE_CHARACTERS ? `${plain.slice(0, MAX_VALUE_CHARACTERS)}…` : plain;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
