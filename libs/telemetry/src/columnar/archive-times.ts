import { formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import { literal, type Session } from './duck.js';

/** The event times of a Parquet copy, milliseconds, both included. */
interface Times {
  revision: number;
  firstMs: number;
  lastMs: number;
}

/**
 * Between which times the events of each Parquet copy lie, from the statistics in its footer: what DuckDB itself leaves out
 * files by. A copy that lies wholly within the range a question is about need not have its times read.
 */
export class ArchiveTimes {
  readonly #known = new Map<number, Times>();

  constructor(private readonly dataDir: string) {}

  /** The partitions whose events all happened in the range. */
  async within(
    session: Session,
    partitions: readonly { day: number; revision: number }[],
    { fromMs, toMs }: { fromMs: number; toMs: number },
  ): Promise<Set<number>> {
    const unknown = partitions.filter(({ day, revision }) => this.#known.get(day)?.revision !== revision);
    if (unknown.length > 0) await this.#read(session, unknown);
    const isWithin = ({ day }: { day: number }): boolean => {
      const times = this.#known.get(day);
      return times !== undefined && times.firstMs >= fromMs && times.lastMs < toMs;
    };
    return new Set(partitions.filter(isWithin).map(({ day }) => day));
  }

  async #read(session: Session, partitions: readonly { day: number; revision: number }[]): Promise<void> {
    const paths = new Map(partitions.map((row) => [archivePath(this.dataDir, formatDay(row.day)), row]));
    const rows = await session.rows<{ path: string; first: number | null; last: number | null }>(
      `SELECT file_name AS path,
         CASE WHEN count(*) = count(stats_min_value) THEN min(epoch_ms(stats_min_value::TIMESTAMP))::DOUBLE END AS first,
         CASE WHEN count(*) = count(stats_max_value) THEN max(epoch_ms(stats_max_value::TIMESTAMP))::DOUBLE END AS last
       FROM parquet_metadata([${[...paths.keys()].map(literal).join(', ')}])
       WHERE path_in_schema = 'time' GROUP BY file_name`,
    );
    for (const { path, first, last } of rows) {
      const row = paths.get(path);
      if (!row || first === null || last === null) continue;
      this.#known.set(row.day, { revision: row.revision, firstMs: first, lastMs: last });
    }
  }
}
