import { DAY_MS, HOUR_MS } from '../storage/days.js';
import type { DeviceDay } from './bot-rule.js';
import { EventKind } from './event-kinds.js';

/** What a raw row says, as far as the roll-ups care. `crashGroup` is set for crashes and errors. */
export interface CountedEvent {
  timeMs: number;
  type: number;
  kind: EventKind;
  crashGroup?: number | undefined;
}

/** Counts of one app's bucket day, not yet in the roll-ups. Everything in here can be added up in any order. */
export interface DayTally {
  app: number;
  day: number;
  /** Per hour and context (`hour × CONTEXT_RANGE + context`), events by type: `[people, bots]`. */
  cells: [Map<number, Map<number, number>>, Map<number, Map<number, number>>];
  /** Ordinals seen by hour, by context, and by context with a crash. */
  hourDevices: Map<number, Set<number>>;
  contextDevices: Map<number, Set<number>>;
  crashedDevices: Map<number, Set<number>>;
  deviceDays: Map<number, DeviceDay>;
  /** Per crash group and context (`group × CONTEXT_RANGE + context`), crashes: `[people, bots]`; and who crashed. */
  crashes: [Map<number, number>, Map<number, number>];
  crashDevices: Map<number, Set<number>>;
}

/** The earliest event of a session (the lowest context at that time), and whether it crashed. */
export interface SessionTally {
  firstMs: number;
  firstContext: number;
  crashed: boolean;
}

/** How far a partition's rows are in a tally. */
export interface PartitionTally {
  upTo: number;
  rows: number;
  firstBucket: number;
  lastBucket: number;
}

/** Contexts are row ids; two of them never meet in a key as long as there are fewer than this. */
export const CONTEXT_RANGE = 2 ** 32;
const DAY_RANGE = 2 ** 20;

/** Whether a device is a bot on a bucket day, by the verdicts in force. */
export type BotVerdict = (app: number, day: number, device: number) => boolean;

/**
 * What raw rows add to the roll-ups. Batches are added row by row at ingest, or again from the raw tables after a crash,
 * for a recount or for one device: it is the one place that says how an event counts.
 */
export class RollupTally {
  readonly days = new Map<number, DayTally>();
  readonly sessions = new Map<number, SessionTally>();
  readonly partitions = new Map<number, PartitionTally>();
  /** Counters held: what an apply will have to write, roughly. */
  size = 0;

  constructor(private readonly isBot: BotVerdict) {}

  get isEmpty(): boolean {
    return this.partitions.size === 0;
  }

  /** Notes that rows of a partition up to this id are in here. */
  addRows(partition: number, upTo: number, rows: number, firstBucket: number, lastBucket: number): void {
    const known = this.partitions.get(partition);
    if (!known) {
      this.partitions.set(partition, { upTo, rows, firstBucket, lastBucket });
      return;
    }
    known.upTo = Math.max(known.upTo, upTo);
    known.rows += rows;
    known.firstBucket = Math.min(known.firstBucket, firstBucket);
    known.lastBucket = Math.max(known.lastBucket, lastBucket);
  }

  /** Counts events of one device, session and context; runs of the same hour cost little more than one. */
  add(app: number, device: number, session: number, context: number, events: readonly CountedEvent[]): void {
    let bucketHour = Number.NaN;
    let day: DayTally | undefined;
    let types: Map<number, number> | undefined;
    let deviceDay: DeviceDay | undefined;
    let hour = 0;
    let bot = 0;
    let firstMs = Number.POSITIVE_INFINITY;
    let crashed = false;
    for (const event of events) {
      const eventHour = Math.floor(event.timeMs / HOUR_MS);
      if (eventHour !== bucketHour || !day || !types || !deviceDay) {
        bucketHour = eventHour;
        const dayNumber = Math.floor(event.timeMs / DAY_MS);
        hour = eventHour - dayNumber * 24;
        day = this.#day(app, dayNumber);
        bot = this.isBot(app, dayNumber, device) ? 1 : 0;
        types = this.#types(day, bot, hour, context);
        deviceDay = this.#deviceDay(day, device);
        addTo(day.hourDevices, hour, device);
        addTo(day.contextDevices, context, device);
      }
      const before = types.get(event.type);
      if (before === undefined) this.size += 1;
      types.set(event.type, (before ?? 0) + 1);
      deviceDay.events += 1;
      if (event.timeMs < firstMs) firstMs = event.timeMs;
      if (event.kind === EventKind.other) continue;
      if (event.kind === EventKind.interaction) {
        deviceDay.interactions += 1;
        deviceDay.hours |= 1 << hour;
        continue;
      }
      if (event.kind === EventKind.crash) {
        crashed = true;
        addTo(day.crashedDevices, context, device);
      }
      if (event.crashGroup !== undefined) {
        this.addCrashes(app, day.day, device, context, event.crashGroup, 1);
      }
    }
    if (firstMs !== Number.POSITIVE_INFINITY) this.#addSession(session, firstMs, context, crashed);
  }

  /** Counts what a session did in one hour and context, but for the cells by type, which are summed without devices. */
  addRun(run: {
    app: number;
    device: number;
    session: number;
    context: number;
    day: number;
    hour: number;
    events: number;
    interactions: number;
    firstMs: number;
    crashed: boolean;
  }): void {
    const day = this.#day(run.app, run.day);
    addTo(day.hourDevices, run.hour, run.device);
    addTo(day.contextDevices, run.context, run.device);
    if (run.crashed) addTo(day.crashedDevices, run.context, run.device);
    const deviceDay = this.#deviceDay(day, run.device);
    deviceDay.events += run.events;
    deviceDay.interactions += run.interactions;
    if (run.interactions > 0) deviceDay.hours |= 1 << run.hour;
    this.#addSession(run.session, run.firstMs, run.context, run.crashed);
  }

  /** Counts `n` crashes or errors of a device in a group. */
  addCrashes(app: number, dayNumber: number, device: number, context: number, group: number, n: number): void {
    const day = this.#day(app, dayNumber);
    const side = day.crashes[this.isBot(app, dayNumber, device) ? 1 : 0];
    const key = group * CONTEXT_RANGE + context;
    side.set(key, (side.get(key) ?? 0) + n);
    addTo(day.crashDevices, group, device);
  }

  #addSession(session: number, firstMs: number, firstContext: number, crashed: boolean): void {
    const known = this.sessions.get(session);
    if (!known) {
      this.sessions.set(session, { firstMs, firstContext, crashed });
      this.size += 1;
      return;
    }
    if (isEarlier(firstMs, firstContext, known.firstMs, known.firstContext)) {
      known.firstMs = firstMs;
      known.firstContext = firstContext;
    }
    known.crashed ||= crashed;
  }

  #day(app: number, day: number): DayTally {
    const key = app * DAY_RANGE + day;
    let tally = this.days.get(key);
    if (!tally) {
      tally = {
        app,
        day,
        cells: [new Map<number, Map<number, number>>(), new Map<number, Map<number, number>>()],
        hourDevices: new Map(),
        contextDevices: new Map(),
        crashedDevices: new Map(),
        deviceDays: new Map(),
        crashes: [new Map<number, number>(), new Map<number, number>()],
        crashDevices: new Map(),
      };
      this.days.set(key, tally);
    }
    return tally;
  }

  #types(day: DayTally, bot: number, hour: number, context: number): Map<number, number> {
    const cells = day.cells[bot] as Map<number, Map<number, number>>;
    const key = hour * CONTEXT_RANGE + context;
    let types = cells.get(key);
    if (!types) cells.set(key, (types = new Map<number, number>()));
    return types;
  }

  #deviceDay(day: DayTally, device: number): DeviceDay {
    let deviceDay = day.deviceDays.get(device);
    if (!deviceDay) {
      day.deviceDays.set(device, (deviceDay = { events: 0, interactions: 0, hours: 0 }));
      this.size += 1;
    }
    return deviceDay;
  }
}

/** The order of first events: by time, then by context, so that it depends on the rows alone and not on their order. */
export function isEarlier(timeMs: number, context: number, thanMs: number, thanContext: number): boolean {
  return timeMs < thanMs || (timeMs === thanMs && context < thanContext);
}

function addTo(sets: Map<number, Set<number>>, key: number, member: number): void {
  const set = sets.get(key);
  if (set) set.add(member);
  else sets.set(key, new Set([member]));
}
