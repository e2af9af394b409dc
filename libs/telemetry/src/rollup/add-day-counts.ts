import type { DayCounts } from './day-counts.js';
import { countsOf, type DimensionCells } from './expand.js';
import type { RowReading } from './raw-rows.js';
import type { RollupTally } from './tally.js';

/**
 * Adds the counts of copies: devices, sessions and crashes to the tally, as the rows themselves would be; events to the
 * cells of their app, `[people, bots]`, which the tally holds by context and the copies by what contexts say.
 */
export function addDayCounts(
  { words, events, botEvents, runs, crashes }: DayCounts,
  day: number,
  reading: RowReading,
  tally: RollupTally,
  cellsOf: (app: number) => [DimensionCells[], DimensionCells[]],
): void {
  const sidesOf = (side: 0 | 1) => {
    const known: (Map<number, number>[] | undefined)[] = [];
    return (row: number) =>
      (known[row] ??= countsOf(cellsOf(at(words.app, row))[side], {
        app_version: at(words.app_version, row),
        mosis_version: at(words.mosis_version, row),
        os: at(words.os, row),
        country: at(words.country, row),
      }));
  };
  const [people, bots] = [sidesOf(0), sidesOf(1)];
  addEvents(events, people, 1);
  // Everybody's events are counted without their devices: what bots did is among them.
  addEvents(botEvents, people, -1);
  addEvents(botEvents, bots, 1);
  for (let row = 0; row < runs.session.length; row += 1) {
    tally.addRun({
      app: at(runs.app, row),
      device: at(runs.device, row),
      session: at(runs.session, row),
      context: at(runs.context, row),
      day,
      hour: at(runs.hour, row),
      events: at(runs.events, row),
      interactions: at(runs.interactions, row),
      firstMs: at(runs.firstMs, row),
      crashed: at(runs.crashed, row) === 1,
    });
  }
  for (let row = 0; row < crashes.n.length; row += 1) {
    const app = at(crashes.app, row);
    const kind = at(crashes.isError, row) === 1 ? 'lua_error' : 'app_crash';
    const group = reading.findCrashGroup(app, kind, crashes.data[row] ?? null);
    if (group === undefined) continue;
    tally.addCrashes(app, day, at(crashes.device, row), at(crashes.context, row), group, at(crashes.n, row));
  }
}

function addEvents(
  { words, typeHour, n }: DayCounts['events'],
  countsOfWords: (row: number) => Map<number, number>[],
  sign: 1 | -1,
): void {
  for (let row = 0; row < n.length; row += 1) {
    const key = at(typeHour, row);
    for (const counts of countsOfWords(at(words, row))) counts.set(key, (counts.get(key) ?? 0) + sign * at(n, row));
  }
}

function at(column: Int32Array | Float64Array, row: number): number {
  return column[row] as number;
}
