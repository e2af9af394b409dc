import type { BotThresholds } from '../engine/types.js';

/** What a device did on one bucket day. */
export interface DeviceDay {
  events: number;
  interactions: number;
  /** Bit h: an interaction between h:00 and h:59 UTC. */
  hours: number;
}

/**
 * Whether a device's bucket day is a bot's: it reached a rate no person reaches, or it pressed and looked around in more
 * hours of one day than a person is awake. All three only grow while a day grows, so a verdict never flips back by itself.
 */
export function isBot(day: DeviceDay, thresholds: BotThresholds): boolean {
  return (
    day.events >= thresholds.eventsPerDay ||
    day.interactions >= thresholds.interactionsPerDay ||
    countBits(day.hours) >= thresholds.activeHours
  );
}

/** How many bits of a 32-bit number are set. */
export function countBits(bits: number): number {
  let rest = bits;
  let count = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    count += 1;
  }
  return count;
}
