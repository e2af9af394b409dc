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
    case 'hour_counts':
      cells.addHour(
        app,
        day,
        difference.dimension,
        difference.hour,
        difference.value,
        difference.measure,
        difference.bot,
        difference.n,
      );
      return;
    case 'day_counts':
      cells.addDay(app, day, difference.dimension, difference.value, difference.measure, difference.bot, difference.n);
      return;
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
