/**
 * What a recount found to differ from the roll-ups, counts of hours and days aside (see `CellDifferences`); `n` and the sets
 * are what must be added to put it right.
 */
export type RollupDifference =
  | { table: 'crash_days'; crashGroup: number; version: number; bot: number; n: number }
  | { table: 'hour_devices'; hour: number; missing: number[]; surplus: number[] }
  | { table: 'day_devices'; dimension: number; value: number; crashed: 0 | 1; missing: number[]; surplus: number[] }
  | { table: 'crash_devices'; crashGroup: number; missing: number[]; surplus: number[] }
  | { table: 'device_days'; device: number; events: number; interactions: number; hours: number };
