import type { RawConnection } from '@mosis/sqlite/connection';
import { DAY_MS, dayOf, formatDay } from '../storage/days.js';
import { formatTime } from './counted-range.js';
import { findApp } from './dictionary.js';
import { inSnapshot, rowsOf, type QueryContext } from './snapshot.js';
import type { RejectionsAnswer, RejectionsQuery } from './types.js';

/** Days of receipt that are shown, today among them. */
const DAYS = 7;
const MAX_SAMPLES = 200;

/** Why events were refused in the last seven days, newest first, with samples; and what devices dropped themselves. */
export function rejections(db: RawConnection, query: RejectionsQuery, context: QueryContext): RejectionsAnswer {
  const firstDay = dayOf(context.nowMs) - DAYS + 1;
  return inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    if (app === undefined) return { counts: [], dropped_by_sdk: [], samples: [] };
    return {
      counts: rowsOf<{ day: number; code: string; events: number }>(
        db,
        'SELECT day, code, events FROM rejection_counts WHERE app = ? AND day >= ? ORDER BY day DESC, events DESC, code',
        ...[app, firstDay],
      ).map((row) => ({ ...row, day: formatDay(row.day) })),
      dropped_by_sdk: rowsOf<{ day: number; reason: string; events: number }>(
        db,
        'SELECT day, reason, events FROM sdk_drops WHERE app = ? AND day >= ? ORDER BY day DESC, events DESC, reason',
        ...[app, firstDay],
      ).map((row) => ({ ...row, day: formatDay(row.day) })),
      samples: samplesOf(db, app, firstDay * DAY_MS),
    };
  });
}

function samplesOf(db: RawConnection, app: number, sinceMs: number): RejectionsAnswer['samples'] {
  return rowsOf<{
    received_ms: number;
    code: string;
    detail: string;
    batch_id: string | null;
    event_index: number | null;
    app_version: string | null;
    event: string | null;
  }>(
    db,
    'SELECT * FROM rejection_samples WHERE app = ? AND received_ms >= ? ORDER BY sample DESC LIMIT ?',
    ...[app, sinceMs, MAX_SAMPLES],
  ).map((row) => ({
    received_at: formatTime(row.received_ms),
    code: row.code,
    detail: row.detail,
    batch_id: row.batch_id,
    index: row.event_index,
    app_version: row.app_version,
    event: row.event,
  }));
}
