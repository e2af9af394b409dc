import type { RawConnection } from '@mosis/sqlite';

export type Row = Record<string, string | number | null>;
export type Table = (typeof TABLES)[number];

export const TABLES = [
  'developers',
  'signing_keys',
  'apps',
  'app_revisions',
  'app_versions',
  'reviews',
  'check_results',
  'tombstones',
] as const;

/** The rows of the tables that decide about publication, by their keys. */
export class Snapshot {
  readonly rows: Record<Table, Map<string, Row>>;

  constructor(connection: RawConnection) {
    this.rows = Object.fromEntries(
      TABLES.map((table) => {
        const rows = connection.prepare(`SELECT * FROM ${table}`).all() as Row[];
        return [table, new Map(rows.map((row) => [String(row['id'] ?? row['package_id']), row]))];
      }),
    ) as Record<Table, Map<string, Row>>;
  }

  all(table: Table): Row[] {
    return [...this.rows[table].values()];
  }

  find(table: Table, id: string | number | null | undefined): Row | undefined {
    return this.rows[table].get(String(id));
  }
}
