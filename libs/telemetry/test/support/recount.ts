import { signCrash } from '../../src/crashes/fingerprint.js';
import type { RawEventRow } from './raw-events.js';

/** Cells by name; counts as numbers, sets as sorted lists in text. */
export type Cells = Map<string, number | string>;

/** Whether a device is counted as a bot on a bucket day. */
export type IsBot = (app: number, day: number, device: number) => boolean;

const INTERACTIONS = ['screen_view', 'button_click', 'feature_used'];

/**
 * Counts raw rows the long way round: what the roll-ups have to say of them, under the names that `readRollups` gives. It
 * shares no code with the roll-ups but how a crash is signed.
 */
export function recount(rows: readonly RawEventRow[], isBot: IsBot): Cells {
  const counts = new Map<string, number>();
  const sets = new Map<string, Set<number>>();
  const deviceDays = new Map<string, { events: number; interactions: number; hours: Set<number> }>();
  const sessions = new Map<number, { row: RawEventRow; crashed: boolean }>();
  const bump = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const put = (key: string, device: number) => {
    const set = sets.get(key);
    if (set) set.add(device);
    else sets.set(key, new Set([device]));
  };
  const countEverywhere = (row: RawEventRow, measure: string) => {
    const { day, hour } = bucketOf(row);
    const side = isBot(row.app, day, row.device) ? 'bots' : 'people';
    row.values.forEach((value, dimension) => {
      bump(`hour_counts app=${row.app} day=${day} hour=${hour} d${dimension}=${value} ${measure} ${side}`);
      bump(`day_counts app=${row.app} day=${day} d${dimension}=${value} ${measure} ${side}`);
    });
  };
  for (const row of rows) {
    const { app, device } = row;
    const { day, hour } = bucketOf(row);
    countEverywhere(row, row.type);
    put(`hour_devices app=${app} day=${day} hour=${hour}`, device);
    const isCrash = row.type === 'app_crash';
    row.values.forEach((value, dimension) => {
      put(`day_devices app=${app} day=${day} d${dimension}=${value} active`, device);
      if (isCrash) put(`day_devices app=${app} day=${day} d${dimension}=${value} crashed`, device);
    });
    const deviceDayKey = `device_days app=${app} day=${day} device=${device}`;
    const deviceDay = deviceDays.get(deviceDayKey) ?? { events: 0, interactions: 0, hours: new Set<number>() };
    deviceDays.set(deviceDayKey, deviceDay);
    deviceDay.events += 1;
    if (INTERACTIONS.includes(row.type)) {
      deviceDay.interactions += 1;
      deviceDay.hours.add(hour);
    }
    if (row.type === 'app_crash' || row.type === 'lua_error') {
      const print = fingerprintOf(row.type, row.data);
      bump(
        `crash_days app=${app} day=${day} ${print} version=${row.values[1]} ${isBot(app, day, device) ? 'bots' : 'people'}`,
      );
      put(`crash_devices app=${app} day=${day} ${print}`, device);
    }
    const session = sessions.get(row.session);
    if (!session) sessions.set(row.session, { row, crashed: isCrash });
    else {
      session.crashed ||= isCrash;
      const { timeMs, context } = session.row;
      if (row.timeMs < timeMs || (row.timeMs === timeMs && row.context < context)) session.row = row;
    }
  }
  const cells: Cells = new Map();
  for (const [number, { row, crashed }] of sessions) {
    countEverywhere(row, 'sessions');
    if (crashed) countEverywhere(row, 'crashed sessions');
    cells.set(
      `sessions ${number}`,
      `app=${row.app} device=${row.device} first=${row.timeMs} context=${row.context} crashed=${crashed ? 1 : 0}`,
    );
  }
  for (const [key, n] of counts) cells.set(key, n);
  for (const [key, set] of sets) cells.set(key, [...set].sort((left, right) => left - right).join(' '));
  for (const [key, { events, interactions, hours }] of deviceDays) {
    cells.set(key, `events=${events} interactions=${interactions} hours=${[...hours].sort((a, b) => a - b).join(' ')}`);
  }
  return cells;
}

/** What differs between two sets of cells, in words; empty when they are equal. */
export function differencesOf(found: Cells, expected: Cells, only: (key: string) => boolean = () => true): string[] {
  const lines: string[] = [];
  for (const key of new Set([...found.keys(), ...expected.keys()])) {
    if (only(key) && found.get(key) !== expected.get(key)) {
      lines.push(`${key}: is ${found.get(key) ?? 'missing'}, should be ${expected.get(key) ?? 'missing'}`);
    }
  }
  return lines;
}

function bucketOf({ timeMs }: RawEventRow): { day: number; hour: number } {
  const date = new Date(timeMs);
  return {
    day: Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) / 86_400_000,
    hour: date.getUTCHours(),
  };
}

function fingerprintOf(kind: 'app_crash' | 'lua_error', data: string | null): string {
  return signCrash(kind, data === null ? {} : (JSON.parse(data) as Record<string, unknown>)).fingerprint.toString(
    'hex',
  );
}
