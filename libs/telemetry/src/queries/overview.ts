import type { RawConnection } from '@mosis/sqlite/connection';
import { Measure } from '../rollup/event-kinds.js';
import { DAY_MS, dayOf } from '../storage/days.js';
import { countByMeasure } from './counts.js';
import { firstDayOfHours, formatRange, toHoursOrDays, toWholeDays, type CountedRange } from './counted-range.js';
import { countDevices } from './device-sets.js';
import { findApp, findTypeWord } from './dictionary.js';
import { crashFree } from './keys.js';
import { inSnapshot, type QueryContext } from './snapshot.js';
import type { OverviewAnswer, OverviewQuery, TimeRange, Totals } from './types.js';

/**
 * The totals of a range beside those of the period of the same length before. `crash_free_devices` is counted over the
 * whole days the range touches, since which devices crashed is known by day.
 *
 * @throws QueryError when the range is empty or too wide
 */
export function overview(db: RawConnection, query: OverviewQuery, context: QueryContext): OverviewAnswer {
  const [range, before] = rangesOf(query.range, context);
  return inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    const totals = (counted: CountedRange) =>
      app === undefined ? NO_TOTALS : totalsOf(db, app, query.includeBots, counted);
    return {
      ...formatRange(range),
      totals: totals(range),
      previous: { ...formatRange(before), totals: totals(before) },
    };
  });
}

const NO_TOTALS: Totals = {
  events: 0,
  sessions: 0,
  devices: 0,
  crashes: 0,
  errors: 0,
  crash_free_sessions: null,
  crash_free_devices: null,
};

/** Both by hours, or both by days where the earlier one starts in the middle of a day whose hours are gone. */
function rangesOf(asked: TimeRange, context: QueryContext): [CountedRange, CountedRange] {
  const range = toHoursOrDays(asked, context);
  const before = rangeBefore(range);
  if (before.fromMs % DAY_MS === 0 || dayOf(before.fromMs) >= firstDayOfHours(context)) {
    return [range, toHoursOrDays(before, context)];
  }
  const wide = toWholeDays(asked);
  return [wide, toWholeDays(rangeBefore(wide))];
}

function rangeBefore({ fromMs, toMs }: TimeRange): TimeRange {
  return { fromMs: fromMs - (toMs - fromMs), toMs: fromMs };
}

function totalsOf(db: RawConnection, app: number, includeBots: boolean, range: CountedRange): Totals {
  const measures = { low: Measure.crashedSessions, high: Number.MAX_SAFE_INTEGER };
  const counts = countByMeasure(db, { app, measures, includeBots }, range);
  const ofType = (type: string) => counts.get(findTypeWord(db, app, type) ?? 0) ?? 0;
  let events = 0;
  for (const [measure, n] of counts) if (measure > 0) events += n;
  const sessions = counts.get(Measure.sessions) ?? 0;
  const days = toWholeDays(range);
  return {
    events,
    sessions,
    devices: countDevices(db, { app, includeBots }, range),
    crashes: ofType('app_crash'),
    errors: ofType('lua_error'),
    crash_free_sessions: crashFree(sessions, counts.get(Measure.crashedSessions) ?? 0),
    crash_free_devices: crashFree(
      countDevices(db, { app, includeBots }, days),
      countDevices(db, { app, includeBots, crashed: true }, days),
    ),
  };
}
