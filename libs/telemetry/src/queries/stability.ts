import type { RawConnection } from '@mosis/sqlite/connection';
import { Measure } from '../rollup/event-kinds.js';
import { eachDayCount, only } from './counts.js';
import { formatRange, toWholeDays, type CountedRange } from './counted-range.js';
import { UnionByKey, eachValueSet } from './device-sets.js';
import { Words, findApp } from './dictionary.js';
import { addTo, chooseShown, crashFree } from './keys.js';
import { checkGroupBy } from './possible.js';
import { inSnapshot, type QueryContext } from './snapshot.js';
import { OTHER_KEY, type StabilityAnswer, type StabilityQuery } from './types.js';

type Item = StabilityAnswer['items'][number];

/**
 * Sessions and devices without a crash, of the app or by key, those with the most sessions first. Counted by whole days:
 * which devices crashed is known by day.
 *
 * @throws QueryError `not-possible`, or when the range is empty or too wide
 */
export function stability(db: RawConnection, query: StabilityQuery, _context: QueryContext): StabilityAnswer {
  checkGroupBy(query.groupBy);
  const range = toWholeDays(query.range);
  const items = inSnapshot(db, () => {
    const app = findApp(db, query.packageId);
    if (app === undefined) return query.groupBy === undefined ? [itemOf(null, [], NO_PARTS)] : [];
    return itemsOf(partsOf(db, app, query, range), query.groupBy !== undefined);
  });
  return { ...formatRange(range), items };
}

interface Parts {
  sessions: Map<string, number>;
  crashedSessions: Map<string, number>;
  devices: UnionByKey;
  crashedDevices: UnionByKey;
}

const NO_PARTS: Parts = {
  sessions: new Map(),
  crashedSessions: new Map(),
  devices: new UnionByKey(),
  crashedDevices: new UnionByKey(),
};

function partsOf(db: RawConnection, app: number, { groupBy, includeBots }: StabilityQuery, range: CountedRange): Parts {
  const words = new Words(db);
  const countsOf = (measure: number) => {
    const totals = new Map<string, number>();
    const counted = { app, dimension: groupBy, measures: only(measure), includeBots };
    eachDayCount(db, counted, range, (_day, word, n) => addTo(totals, words.keyOf(word), n));
    return totals;
  };
  const setsOf = (crashed: boolean) => {
    const unions = new UnionByKey();
    for (let day = range.wholeDays.from; day < range.wholeDays.to; day += 1) {
      eachValueSet(db, { app, includeBots, crashed }, groupBy, day, (word, set) => unions.add(words.keyOf(word), set));
    }
    return unions;
  };
  return {
    sessions: countsOf(Measure.sessions),
    crashedSessions: countsOf(Measure.crashedSessions),
    devices: setsOf(false),
    crashedDevices: setsOf(true),
  };
}

function itemsOf(parts: Parts, grouped: boolean): Item[] {
  const totals = new Map(parts.sessions);
  // A key may have devices and no session of its own: the session began under another value.
  const sizes = parts.devices.sizes();
  if (!grouped) return [itemOf(null, [...new Set([...totals.keys(), ...sizes.keys()])], parts)];
  // Whole sessions rank before any number of devices without one, which is less than 1.
  for (const [key, size] of sizes) if (!totals.get(key)) totals.set(key, size / (size + 1));
  const { shown, others } = chooseShown(totals);
  const items = shown.map((key) => itemOf(key, [key], parts));
  return others.length === 0 ? items : [...items, itemOf(OTHER_KEY, others, parts)];
}

function itemOf(key: string | null, keys: string[], parts: Parts): Item {
  const sum = (totals: Map<string, number>) => keys.reduce((total, part) => total + (totals.get(part) ?? 0), 0);
  const sessions = sum(parts.sessions);
  const crashedSessions = sum(parts.crashedSessions);
  const devices = parts.devices.sizeOf(keys);
  const crashedDevices = parts.crashedDevices.sizeOf(keys);
  return {
    key,
    sessions,
    crashed_sessions: crashedSessions,
    crash_free_sessions: crashFree(sessions, crashedSessions),
    devices,
    crashed_devices: crashedDevices,
    crash_free_devices: crashFree(devices, crashedDevices),
  };
}
