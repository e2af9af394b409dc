/** Milliseconds of a UTC day; days have no leap seconds here. */
export const DAY_MS = 86_400_000;
/** Milliseconds of an hour. */
export const HOUR_MS = 3_600_000;

/** The day a moment lies in, as days since 1970-01-01 UTC. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** The hour of its UTC day a moment lies in, 0 to 23. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) - dayOf(timeMs) * 24;
}

/** A day as `YYYY-MM-DD`. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** @throws RangeError unless the text is a real day written `YYYY-MM-DD` */
export function parseDay(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || formatDay(ms / DAY_MS) !== text) throw new RangeError(`${text} is not a day (YYYY-MM-DD).`);
  return ms / DAY_MS;
}

/** A day as it stands in the names of tables: `YYYYMMDD`. */
export function compactDay(day: number): string {
  return formatDay(day).replaceAll('-', '');
}
