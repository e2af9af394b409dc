import Database from 'better-sqlite3';
import type { RawConnection } from '@mosis/sqlite';

/** One raw row with the texts its numbers stand for. */
export interface RawEventRow {
  partition: number;
  id: number;
  app: number;
  device: number;
  session: number;
  timeMs: number;
  type: string;
  context: number;
  /** By dimension code: none, app_version, mosis_version, os, country; '' for "not said". */
  values: string[];
  data: string | null;
}

/** Opens a telemetry.db beside whoever writes it, to look at it as it is. */
export function openPlainly(file: string): RawConnection {
  return new Database(file, { readonly: true, timeout: 5_000 });
}

/** The raw tables there are, with the days they are named after. */
export function listRawTables(db: RawConnection): { table: string; day: number }[] {
  const names = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'events_[0-9]*' ORDER BY name`)
    .pluck()
    .all() as string[];
  return names.map((table) => {
    const [, year, month, day] = /^events_(\d{4})(\d{2})(\d{2})$/.exec(table) as unknown as string[];
    return { table, day: Date.UTC(Number(year), Number(month) - 1, Number(day)) / 86_400_000 };
  });
}

/** Every raw row of the file, in one snapshot with whatever else the caller reads. */
export function readRawEvents(db: RawConnection, only: { partition?: number } = {}): RawEventRow[] {
  const rows: RawEventRow[] = [];
  for (const { table, day } of listRawTables(db)) {
    if (only.partition !== undefined && only.partition !== day) continue;
    const statement = db.prepare(
      `SELECT e.id, e.app, e.device, e.session, e.time_ms AS timeMs, t.value AS type, e.context, e.data,
         coalesce(av.value, '') AS v1, coalesce(mv.value, '') AS v2, coalesce(os.value, '') AS v3,
         coalesce(co.value, '') AS v4
       FROM ${table} e
       JOIN words t ON t.word = e.type AND t.app = e.app AND t.kind = 'type'
       JOIN contexts c ON c.context = e.context AND c.app = e.app
       LEFT JOIN words av ON av.word = c.app_version AND av.kind = 'app_version'
       LEFT JOIN words mv ON mv.word = c.mosis_version AND mv.kind = 'mosis_version'
       LEFT JOIN words os ON os.word = c.os AND os.kind = 'os'
       LEFT JOIN words co ON co.word = c.country AND co.kind = 'country'
       ORDER BY e.id`,
    );
    for (const row of statement.all() as (Omit<RawEventRow, 'partition' | 'values'> & Record<string, string>)[]) {
      const { v1, v2, v3, v4, ...rest } = row;
      rows.push({ ...rest, partition: day, values: ['', v1 ?? '', v2 ?? '', v3 ?? '', v4 ?? ''] });
    }
  }
  return rows;
}

/** How many raw rows there are, over all raw tables. */
export function countRawEvents(db: RawConnection): number {
  return listRawTables(db).reduce(
    (sum, { table }) => sum + (db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number),
    0,
  );
}

/** Up to which row each partition is rolled up. */
export function readWatermarks(db: RawConnection): Map<number, number> {
  const rows = db.prepare('SELECT day, rolled_up_to FROM partitions').raw().all() as [number, number][];
  return new Map(rows);
}
