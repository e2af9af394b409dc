import type { ReactNode } from 'react';
import classes from './DataTable.module.css';

/** One column of a table. */
export interface Column<Row> {
  /** Stands above it, and beside each value where the screen is narrow. */
  header: string;
  cell: (row: Row) => ReactNode;
  /** Figures stand at the end of their cell. */
  align?: 'end';
  /** Takes no more width than it needs, and breaks no line. */
  narrow?: boolean;
}

interface DataTableProps<Row> {
  /** What the table holds, for screen readers. */
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** The row that the keyboard is at. */
  selectedKey?: string | undefined;
  /** What is dimmed while the next page is on its way. */
  isStale?: boolean;
}

/** A table that becomes a list of cards on a narrow screen. The first column names the row. */
export function DataTable<Row>({ caption, columns, rows, keyOf, selectedKey, isStale = false }: DataTableProps<Row>) {
  // The roles are written out because `display: block` on a narrow screen would take them away.
  return (
    <table className={classes.table} role="table" data-stale={isStale || undefined}>
      <caption className="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ header, align, narrow }) => (
            <th
              key={header}
              role="columnheader"
              scope="col"
              data-align={align}
              className={narrow ? classes.narrow : undefined}
            >
              {header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <tr key={key} role="row" data-key={key} data-selected={key === selectedKey || undefined}>
              {columns.map(({ header, cell, align, narrow }, index) =>
                index === 0 ? (
                  <th
                    key={header}
                    role="rowheader"
                    scope="row"
                    data-label={header}
                    className={narrow ? classes.narrow : undefined}
                  >
                    {cell(row)}
                  </th>
                ) : (
                  <td
                    key={header}
                    role="cell"
                    data-label={header}
                    data-align={align}
                    className={narrow ? classes.narrow : undefined}
                  >
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
