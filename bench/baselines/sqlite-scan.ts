import type { RawConnection } from '@mosis/sqlite';
import { DAY_MS, eventsTable, openTelemetryReader } from '../lib/internals.ts';
import type { Dataset } from '../seed/dataset.ts';

/** Questions asked of the raw rows with plain SQL: what the roll-ups and the Parquet copies are for. */
export class SqliteScan {
  readonly #db: RawConnection;
  readonly #days: number[];

  constructor({ folder, firstDay, days }: Dataset) {
    this.#db = openTelemetryReader(folder);
    this.#days = Array.from({ length: days }, (_, index) => firstDay + index);
  }

  /** Milliseconds of one app's events by day. */
  eventsByDay(packageId: string): number {
    const rows = this.#union('time_ms', 'app = @app');
    return this.#time(`SELECT time_ms / ${DAY_MS} AS day, count(*) FROM (${rows}) GROUP BY day`, packageId);
  }

  /** Milliseconds of one app's events by country. */
  eventsByContext(packageId: string): number {
    const rows = this.#union('context', 'app = @app');
    return this.#time(
      `SELECT country, sum(n) FROM (SELECT context, count(*) AS n FROM (${rows}) GROUP BY context)
       JOIN contexts USING (context) GROUP BY country`,
      packageId,
    );
  }

  /** Milliseconds of one app's most frequent screens. */
  topScreens(packageId: string): number {
    const type = `type = (SELECT word FROM words WHERE app = @app AND kind = 'type' AND value = 'screen_view')`;
    const rows = this.#union('data, device', `app = @app AND ${type}`);
    return this.#time(
      `SELECT data ->> '$.screen_name' AS screen, count(*) AS n, count(DISTINCT device) FROM (${rows}) GROUP BY screen
       ORDER BY n DESC LIMIT 20`,
      packageId,
    );
  }

  /** Milliseconds of the first time each of one app's devices did each thing, which is the least a funnel reads. */
  firstTimes(packageId: string): number {
    const rows = this.#union('device, type, time_ms', 'app = @app');
    return this.#time(`SELECT device, type, min(time_ms) FROM (${rows}) GROUP BY device, type`, packageId);
  }

  /** Milliseconds of the days on which each of one app's devices was there, which is the least retention reads. */
  deviceDays(packageId: string): number {
    const rows = this.#union('device, time_ms', 'app = @app');
    return this.#time(`SELECT DISTINCT device, time_ms / ${DAY_MS} FROM (${rows})`, packageId);
  }

  /** Milliseconds of all events by app and type. */
  everything(): number {
    return this.#time(`SELECT app, type, count(*) FROM (${this.#union('app, type', 'true')}) GROUP BY app, type`);
  }

  /** Milliseconds of what roll-ups hold of the days' events: counts by hour, type and what devices say. */
  rollups(days: readonly number[] = this.#days): number {
    const rows = this.#union('app, time_ms, type, context', 'true', days);
    return this.#time(
      `SELECT app, time_ms / 3600000 AS hour, type, context, count(*) FROM (${rows}) GROUP BY app, hour, type, context`,
    );
  }

  close(): void {
    this.#db.close();
  }

  #union(columns: string, where: string, days: readonly number[] = this.#days): string {
    return days.map((day) => `SELECT ${columns} FROM ${eventsTable(day)} WHERE ${where}`).join(' UNION ALL ');
  }

  #time(sql: string, packageId?: string): number {
    const startedMs = performance.now();
    const app =
      packageId === undefined
        ? undefined
        : this.#db.prepare('SELECT app FROM apps WHERE package_id = ?').pluck().get(packageId);
    const statement = this.#db.prepare(sql).raw();
    const rows = packageId === undefined ? statement.all() : statement.all({ app });
    if (rows.length === 0) throw new Error('A scan found nothing: the data set is not what it should be.');
    return performance.now() - startedMs;
  }
}
