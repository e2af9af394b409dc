import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mutex, type RawConnection } from '@mosis/sqlite/connection';
import { dayOf, formatDay } from '../storage/days.js';
import { archivePath } from '../storage/telemetry-file.js';
import type { Dictionaries } from './dictionaries.js';
import type { Session } from './duck.js';
import { parsedLines, RAW_COLUMNS, writeRawLines } from './raw-lines.js';

/** The partitions a request may read, and how. */
export interface ReadablePartitions {
  /** Partitions whose Parquet copy is current. */
  archived: { day: number; revision: number }[];
  /** Days whose rows were brought into DuckDB. */
  staged: number[];
}

/** A request that is given up while it stages loses one such step at most; the next one goes on from there. */
const ROWS_PER_STEP = 200_000;

interface Staged {
  revision: number;
  lastId: number;
}

interface Row {
  day: number;
  revision: number;
  archive_revision: number | null;
}

/** The table a partition is staged in. */
export function stagedTable(day: number): string {
  return `staged_${formatDay(day).replaceAll('-', '_')}`;
}

/**
 * Raw rows that no Parquet copy holds: today's, those of partitions not archived yet, and of those that something was
 * erased from since. They are read from SQLite once, by id, and kept until the partition has a copy, loses rows or is past
 * its time.
 */
export class StagedPartitions {
  readonly #staged = new Map<number, Staged>();
  readonly #mutex = new Mutex();

  constructor(
    private readonly deps: {
      db: RawConnection;
      dictionaries: Dictionaries;
      dataDir: string;
      scratch: string;
      rawDays: number;
    },
  ) {}

  /** Makes the partitions from `fromDay` to `toDay` (both included) ready, and lets go of what must not be read any more. */
  async prepare(session: Session, fromDay: number, toDay: number, nowMs: number): Promise<ReadablePartitions> {
    const rows = this.deps.db
      .prepare('SELECT day, revision, archive_revision FROM partitions WHERE day > ? ORDER BY day')
      .all(dayOf(nowMs) - this.deps.rawDays) as Row[];
    const isArchived = (row: Row): boolean =>
      row.archive_revision === row.revision && existsSync(archivePath(this.deps.dataDir, formatDay(row.day)));
    const archived = new Set(rows.filter(isArchived).map(({ day }) => day));
    await this.#mutex.lock();
    try {
      await this.#dropStale(session, new Map(rows.map((row) => [row.day, row.revision])), archived);
      const wanted = rows.filter(({ day }) => day >= fromDay && day <= toDay);
      const staged = wanted.filter(({ day }) => !archived.has(day));
      for (const { day, revision } of staged) await this.#stage(session, day, revision);
      await this.deps.dictionaries.refresh(session);
      return {
        archived: wanted.filter(({ day }) => archived.has(day)),
        staged: staged.map(({ day }) => day),
      };
    } finally {
      this.#mutex.unlock();
    }
  }

  async #dropStale(session: Session, revisions: Map<number, number>, archived: Set<number>): Promise<void> {
    for (const [day, { revision }] of [...this.#staged]) {
      if (revisions.get(day) === revision && !archived.has(day)) continue;
      this.#staged.delete(day);
      await session.run(`DROP TABLE IF EXISTS ${stagedTable(day)}`);
    }
  }

  async #stage(session: Session, day: number, revision: number): Promise<void> {
    const { db, scratch } = this.deps;
    const path = join(scratch, `${stagedTable(day)}.lines`);
    const columns = Object.entries(RAW_COLUMNS).map(([name, type]) => `${name} ${type}`);
    await session.run(`CREATE TABLE IF NOT EXISTS ${stagedTable(day)} (${columns.join(', ')})`);
    try {
      for (;;) {
        const afterId = this.#staged.get(day)?.lastId ?? 0;
        const lines = await writeRawLines(db, { day, afterId, maxRows: ROWS_PER_STEP }, path, () => session.check());
        // Given up in the middle, the statement leaves nothing: what is in the table is what `lastId` says.
        if (lines.rows > 0) await session.connection.run(`INSERT INTO ${stagedTable(day)} FROM ${parsedLines(path)}`);
        this.#staged.set(day, { revision, lastId: lines.lastId });
        session.check();
        if (lines.rows < ROWS_PER_STEP) return;
      }
    } finally {
      await rm(path, { force: true });
    }
  }
}
