/** A number for each row of one column. */
type Column<Name extends string> = Record<Name, Int32Array>;
/** Events by what is said of them (a row of `words`) and `type × 32 + hour`: a key of the roll-ups' cells. */
type EventCounts = Column<'words' | 'typeHour' | 'n'>;

/**
 * What the raw rows of some partitions add to one bucket day, summed up as far as devices and sessions allow, in columns of
 * equal length. Numbers are those of the dictionaries in telemetry.db; a word is 0 for "not said".
 */
export interface DayCounts {
  /** What is said of an event that is rolled up. There are few of these, and hundreds of thousands of counts. */
  words: Column<'app' | 'app_version' | 'mosis_version' | 'os' | 'country'>;
  /** Everybody's events. */
  events: EventCounts;
  /** What the bots among them did. */
  botEvents: EventCounts;
  /** What a session did in one hour of the day and one context. */
  runs: Column<'app' | 'device' | 'context' | 'hour' | 'events' | 'interactions' | 'crashed'> &
    Record<'session' | 'firstMs', Float64Array>;
  /** Crashes and errors by device, context and what they say. */
  crashes: Column<'app' | 'device' | 'context' | 'isError' | 'n'> & { data: (string | null)[] };
}

/** A Parquet copy as it is recorded: to be believed only while its bytes have this checksum. */
export interface RecordedCopy {
  day: number;
  revision: number;
  sha256: string;
  rows: number;
}

/** Devices that are bots on a bucket day, side by side with their apps. */
export interface BotDevices {
  app: Int32Array;
  device: Int32Array;
}

/** A bucket day as it is to be counted from copies, and how far: later days than `through` are not asked for. */
export interface CopiesOfDay {
  day: number;
  through: number;
  copies: RecordedCopy[];
  bots: BotDevices;
}

/** The counts of a bucket day that were taken from copies. */
export interface CountedCopies extends CopiesOfDay {
  counts: DayCounts;
}
