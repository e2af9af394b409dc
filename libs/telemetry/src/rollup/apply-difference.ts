import { differenceAt, type Cell, type CellDifferences } from './day-cells.js';
import type { RollupDifference } from './differences.js';
import type { RollupStore } from './rollup-store.js';

/** Adds one difference to the roll-ups, in the caller's transaction. @throws when a count would fall below zero */
export function applyDifference(
  { cells, sets }: RollupStore,
  app: number,
  day: number,
  difference: RollupDifference,
): void {
  switch (difference.table) {
    case 'crash_days':
      cells.addCrash(app, day, difference.crashGroup, difference.version, difference.bot, difference.n);
      return;
    case 'hour_devices':
      sets.addToHour(app, day, difference.hour, difference.missing);
      sets.removeFromHour(app, day, difference.hour, difference.surplus);
      return;
    case 'day_devices': {
      const { dimension, value, crashed } = difference;
      sets.addToDay(app, day, dimension, value, crashed, difference.missing);
      sets.removeFromDay(app, day, dimension, value, crashed, difference.surplus);
      return;
    }
    case 'crash_devices':
      sets.addToCrash(app, day, difference.crashGroup, difference.missing);
      sets.removeFromCrash(app, day, difference.crashGroup, difference.surplus);
      return;
    case 'device_days':
      cells.setDeviceDay(app, day, difference.device, difference);
  }
}

/** Adds what counts of hours and days lack, in the caller's transaction, and answers whose they are. @throws when one would fall below zero */
export function applyCells({ cells }: RollupStore, day: number, differences: CellDifferences): Set<number> {
  const apps = new Set<number>();
  const each = function* (): Iterable<Cell & { n: number }> {
    for (let index = 0; index < differences.n.length; index += 1) {
      const cell = differenceAt(differences, index);
      apps.add(cell.app);
      yield cell;
    }
  };
  cells.change(day, each());
  return apps;
}
