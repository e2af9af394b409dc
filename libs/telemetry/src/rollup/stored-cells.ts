import type { RawConnection } from '@mosis/sqlite/connection';
import { DayCells, WHOLE_DAY } from './day-cells.js';
import { cellsOf, DIMENSIONS, HOUR_RANGE, type DimensionCells } from './expand.js';

/** Columns as JSON: SQLite writes and JavaScript reads them in half the time that as many rows take. */
const columnsOf = (hour: string | number): string =>
  `json_group_array(dimension * 2 + bot), json_group_array(value), json_group_array(measure * ${HOUR_RANGE} + ${hour}), json_group_array(n)`;

/** The counts of hours and days that are stored of a bucket day. */
export function readStoredCells(db: RawConnection, day: number, apps: readonly number[]): DayCells {
  const cells = new DayCells();
  // Also those of apps that are not there: nothing but the audit would find them.
  const counted = db.prepare('SELECT DISTINCT app FROM hour_counts WHERE day = ?').pluck().all(day) as number[];
  const hours = db.prepare(`SELECT ${columnsOf('hour')} FROM hour_counts WHERE day = ? AND app = ?`).raw();
  const days = db
    .prepare(
      `SELECT ${columnsOf(WHOLE_DAY)} FROM day_counts
       WHERE app = ? AND dimension IN (${DIMENSIONS.join(', ')}) AND day = ?`,
    )
    .raw();
  for (const app of new Set([...apps, ...counted])) {
    for (const row of [hours.get(day, app), days.get(app, day)]) {
      const [places, values, keys, counts] = (row as [string, string, string, string]).map(
        (column) => JSON.parse(column) as number[],
      ) as [number[], number[], number[], number[]];
      if (counts.length === 0) continue;
      const sides = cells.of(app);
      counts.forEach((n, index) => {
        const place = places[index] as number;
        const ofDimension = sides[(place % 2) as 0 | 1][place >> 1] as DimensionCells;
        cellsOf(ofDimension, values[index] as number).set(keys[index] as number, n);
      });
    }
  }
  return cells;
}
