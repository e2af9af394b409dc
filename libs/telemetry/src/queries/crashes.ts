import type { RawConnection } from '@mosis/sqlite/connection';
import { formatRange, toWholeDays, type CountedRange } from './counted-range.js';
import { countCrashDevices, presentGroup, tallyCrashes, type CrashGroupRow } from './crash-groups.js';
import { Words, findApp } from './dictionary.js';
import { checkLimit } from './possible.js';
import { inSnapshot, rowOf, rowsOf, type QueryContext } from './snapshot.js';
import { QueryError, type CrashesAnswer, type CrashesQuery } from './types.js';

type Groups = Pick<CrashesAnswer, 'items' | 'rest'>;

/**
 * Crashes (or errors) grouped by fingerprint, the most frequent first. Counted by whole days.
 *
 * @throws QueryError `not-possible`, `invalid-limit`, or when the range is empty or too wide
 */
export function crashes(db: RawConnection, query: CrashesQuery, _context: QueryContext): CrashesAnswer {
  if (!['app_crash', 'lua_error'].includes(query.kind)) {
    throw new QueryError('not-possible', 'Crashes are of the kind app_crash or lua_error.');
  }
  checkLimit(query.limit);
  const range = toWholeDays(query.range);
  const groups = inSnapshot(db, (): Groups => {
    const app = findApp(db, query.packageId);
    return app === undefined ? { items: [], rest: { groups: 0, crashes: 0 } } : groupsOf(db, app, query, range);
  });
  return { ...formatRange(range), ...groups };
}

function groupsOf(db: RawConnection, app: number, query: CrashesQuery, range: CountedRange): Groups {
  const { kind, includeBots, limit } = query;
  const ofKind = new Set(
    rowsOf<{ crash_group: number }>(
      db,
      'SELECT crash_group FROM crash_groups WHERE app = ? AND kind = ?',
      ...[app, kind],
    ).map((row) => row.crash_group),
  );
  const tallies = tallyCrashes(db, new Words(db), app, includeBots, range, (crashGroup) => ofKind.has(crashGroup));
  const ranked = [...tallies].sort(([a, tallyA], [b, tallyB]) => tallyB.crashes - tallyA.crashes || a - b);
  const shown = ranked.slice(0, limit);
  const rest = ranked.slice(limit);
  const devices = countCrashDevices(
    db,
    app,
    includeBots,
    range,
    shown.map(([crashGroup]) => crashGroup),
  );
  return {
    items: shown.flatMap(([crashGroup, tally]) => {
      const row = rowOf<CrashGroupRow>(db, 'SELECT * FROM crash_groups WHERE crash_group = ?', crashGroup);
      return row ? [presentGroup(row, tally, devices.get(crashGroup) ?? 0)] : [];
    }),
    rest: { groups: rest.length, crashes: rest.reduce((sum, [, tally]) => sum + tally.crashes, 0) },
  };
}
