import type { RawConnection } from '@mosis/sqlite/connection';
import { readBitmap, using } from '../bitmaps.js';
import { findFirstCoveredDay, findLastRowId, listPartitions, type PartitionRow } from '../storage/partitions.js';
import type { CopiesOfDay, CountedCopies, RecordedCopy } from './day-counts.js';

/** What a bucket day can be counted from without reading raw rows; nothing for a day that is not covered. */
export function planRecount(db: RawConnection, day: number): Omit<CopiesOfDay, 'through'> {
  if (day < findFirstCoveredDay(db))
    return { day, copies: [], bots: { app: new Int32Array(), device: new Int32Array() } };
  return db.transaction(() => {
    const bots = [...readBots(db, day)].flatMap(([app, devices]) =>
      [...devices].map((device) => [app, device] as const),
    );
    return {
      day,
      copies: wholeCopies(db, partitionsOf(db, day)),
      bots: {
        app: Int32Array.from(bots, ([app]) => app),
        device: Int32Array.from(bots, ([, device]) => device),
      },
    };
  })();
}

/** The partitions that hold rows of a bucket day. */
export function partitionsOf(db: RawConnection, day: number): PartitionRow[] {
  return listPartitions(db).filter(
    ({ first_bucket: first, last_bucket: last }) => first !== null && last !== null && first <= day && day <= last,
  );
}

/** Copies of the partitions as they are now. The newest is still written to; of an older one all must be rolled up. */
export function wholeCopies(db: RawConnection, partitions: readonly PartitionRow[]): RecordedCopy[] {
  const newest = listPartitions(db).at(-1)?.day;
  return partitions.flatMap(({ day, revision, archive_revision: copied, archive_rows: rows, ...row }) => {
    const isWhole =
      day !== newest &&
      copied === revision &&
      rows === row.row_count &&
      row.archive_sha256 !== null &&
      row.rolled_up_to >= findLastRowId(db, day);
    return isWhole ? [{ day, revision, sha256: row.archive_sha256 as string, rows }] : [];
  });
}

/** Whether copies that were counted still hold just the rows that are rolled up, and the same devices are bots. */
export function isStillTrue(
  { copies, bots }: CountedCopies,
  stored: { copies: readonly RecordedCopy[]; bots: ReadonlyMap<number, ReadonlySet<number>> },
): boolean {
  const isCopy = (copy: RecordedCopy) =>
    stored.copies.some(
      ({ day, revision, sha256 }) => day === copy.day && revision === copy.revision && sha256 === copy.sha256,
    );
  const known = [...stored.bots.values()].reduce((sum, devices) => sum + devices.size, 0);
  const areBots = bots.app.every((app, index) => stored.bots.get(app)?.has(bots.device[index] as number) ?? false);
  return copies.every(isCopy) && known === bots.app.length && areBots;
}

/** The verdicts in force on a bucket day, by app. */
export function readBots(db: RawConnection, day: number): Map<number, Set<number>> {
  const rows = db.prepare('SELECT app, devices FROM bot_days WHERE day = ?').all(day) as {
    app: number;
    devices: Buffer;
  }[];
  return new Map(
    rows.map(({ app, devices }) => [app, new Set(using(readBitmap(devices), (bitmap) => bitmap.toArray()))]),
  );
}
