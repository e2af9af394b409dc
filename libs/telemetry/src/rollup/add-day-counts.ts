import type { DayCounts } from './day-counts.js';
import { addToEveryDimension, type DimensionCells } from './expand.js';
import type { RowReading } from './raw-rows.js';
import type { RollupTally } from './tally.js';

/**
 * Adds the counts of copies: devices, sessions and crashes to the tally, as the rows themselves would be; events to the
 * cells of their app, `[people, bots]`, which the tally holds by context and the copies by what contexts say.
 */
export function addDayCounts(
  { events, runs, crashes }: DayCounts,
  day: number,
  reading: RowReading,
  tally: RollupTally,
  cellsOf: (app: number) => [DimensionCells[], DimensionCells[]],
): void {
  for (let row = 0; row < events.n.length; row += 1) {
    const [people, bots] = cellsOf(at(events.app, row));
    const words = {
      app_version: at(events.app_version, row),
      mosis_version: at(events.mosis_version, row),
      os: at(events.os, row),
      country: at(events.country, row),
    };
    const [type, hour, n] = [at(events.type, row), at(events.hour, row), at(events.n, row)];
    if (at(events.bot, row) === 1) {
      // Everybody's events are counted without their devices: what bots did is among them.
      addToEveryDimension(people, words, type, hour, -n);
      addToEveryDimension(bots, words, type, hour, n);
    } else addToEveryDimension(people, words, type, hour, n);
  }
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

function at(column: Int32Array | Float64Array, row: number): number {
  return column[row] as number;
}
