import type { RawConnection } from '@mosis/sqlite/connection';
import { DAY_MS } from '../storage/days.js';
import { formatRange, formatTime, toWholeDays } from './counted-range.js';
import { countCrashDevices, presentGroup, tallyCrashes, type CrashGroupRow } from './crash-groups.js';
import { Words, findApp } from './dictionary.js';
import { rankKeys } from './keys.js';
import { inSnapshot, rowOf, type QueryContext } from './snapshot.js';
import type { CrashAnswer, CrashQuery } from './types.js';

/**
 * One crash group in detail, by the 32 hexadecimal digits of its fingerprint; null when the app has no such group.
 * Counted by whole days.
 *
 * @throws QueryError when the range is empty or too wide
 */
export function crash(db: RawConnection, query: CrashQuery, _context: QueryContext): CrashAnswer | null {
  const { includeBots } = query;
  const range = toWholeDays(query.range);
  if (!/^[0-9a-f]{32}$/i.test(query.fingerprint)) return null;
  return inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    if (app === undefined) return null;
    const row = rowOf<CrashGroupRow & { sample: string | null }>(
      db,
      'SELECT * FROM crash_groups WHERE app = ? AND fingerprint = ?',
      ...[app, Buffer.from(query.fingerprint, 'hex')],
    );
    if (!row) return null;
    const id = row.crash_group;
    const tally = tallyCrashes(db, new Words(db), app, includeBots, range, (group) => group === id).get(id);
    const devices = countCrashDevices(db, app, includeBots, range, [id]).get(id) ?? 0;
    const days: CrashAnswer['days'] = [];
    for (let day = range.wholeDays.from; day < range.wholeDays.to; day += 1) {
      days.push({ time: formatTime(day * DAY_MS), value: tally?.byDay.get(day) ?? 0 });
    }
    const byVersion = tally?.byVersion ?? new Map<string, number>();
    return {
      ...presentGroup(row, tally, devices),
      ...formatRange(range),
      by_version: rankKeys(byVersion).map((key) => ({ key, value: byVersion.get(key) ?? 0 })),
      days,
      sample: row.sample === null ? null : (JSON.parse(row.sample) as Record<string, unknown>),
    };
  });
}
