/** How much a run measures. */
export interface Scale {
  name: 'small' | 'tenth' | 'full';
  /** The data set of `query` and `rollup`: days, and raw rows of each. */
  days: number;
  rowsPerDay: number;
  devices: number;
  /** One partition that is rolled up, exported and dropped. */
  partitionRows: number;
  /** Ingest: rounds, and milliseconds of each. */
  rounds: number;
  roundMs: number;
  /** Times a question is asked. */
  asks: number;
  /** The simulated days of `retention`. */
  simulatedEventsPerDay: number;
  /** How long `wal` writes, milliseconds. */
  walMs: number;
  /** Crashes of `crash`, and milliseconds of load before each. */
  crashes: number;
  crashLoadMs: number;
  /** Simulated hours of `soak`, and real milliseconds of each. */
  soakHours: number;
  soakHourMs: number;
  /** The core.db of `store`. */
  store: StoreSize;
}

/** How much a core.db holds. */
export interface StoreSize {
  developers: number;
  apiKeys: number;
  apps: number;
  /** In the mean over all apps; how many there are exactly follows from the seed. */
  versions: number;
  auditRows: number;
}

/** `small` takes seconds and says little; `tenth` fits in ten minutes; `full` holds 100 million rows. */
export const SCALES: Record<Scale['name'], Scale> = {
  small: {
    name: 'small',
    days: 14,
    rowsPerDay: 10_000,
    devices: 2_000,
    partitionRows: 60_000,
    rounds: 2,
    roundMs: 1_000,
    asks: 5,
    simulatedEventsPerDay: 6_000,
    walMs: 3_000,
    crashes: 2,
    crashLoadMs: 3_000,
    soakHours: 6,
    soakHourMs: 2_000,
    store: { developers: 100, apiKeys: 500, apps: 1_000, versions: 5_000, auditRows: 20_000 },
  },
  tenth: {
    name: 'tenth',
    days: 90,
    rowsPerDay: 111_000,
    devices: 20_000,
    partitionRows: 1_100_000,
    rounds: 3,
    roundMs: 3_000,
    asks: 15,
    simulatedEventsPerDay: 20_000,
    walMs: 60_000,
    crashes: 10,
    crashLoadMs: 8_000,
    soakHours: 24,
    soakHourMs: 4_000,
    store: { developers: 1_000, apiKeys: 5_000, apps: 10_000, versions: 50_000, auditRows: 1_000_000 },
  },
  full: {
    name: 'full',
    days: 90,
    rowsPerDay: 1_112_000,
    devices: 120_000,
    partitionRows: 1_100_000,
    rounds: 5,
    roundMs: 5_000,
    asks: 25,
    simulatedEventsPerDay: 100_000,
    walMs: 600_000,
    crashes: 10,
    crashLoadMs: 8_000,
    soakHours: 24,
    soakHourMs: 8_000,
    store: { developers: 10_000, apiKeys: 50_000, apps: 100_000, versions: 500_000, auditRows: 10_000_000 },
  },
};

/** The scales up to one, the smallest first. */
export function scalesUpTo({ name }: Scale): Scale['name'][] {
  const names = Object.keys(SCALES) as Scale['name'][];
  return names.slice(0, names.indexOf(name) + 1);
}
