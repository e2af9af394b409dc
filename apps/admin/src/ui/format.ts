const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const JUST_NOW_MS = 10_000;

/** A stretch of time in its largest fitting unit: `45 s`, `12 min`, `5 h`, `3 d`. */
export function formatDuration(ms: number): string {
  const length = Math.abs(ms);
  if (length < MINUTE_MS) return `${Math.floor(length / 1000)} s`;
  if (length < HOUR_MS) return `${Math.floor(length / MINUTE_MS)} min`;
  if (length < 2 * DAY_MS) return `${Math.floor(length / HOUR_MS)} h`;
  return `${Math.floor(length / DAY_MS)} d`;
}

/**
 * The time that is left for something, in two units, so that half a day does not vanish: `2 d 5 h`, `5 h 10 min`, `12 min`.
 */
export function formatTimeLeft(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / MINUTE_MS);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const parts =
    days > 0 ? [[days, 'd'] as const, [hours, 'h'] as const] : [[hours, 'h'] as const, [minutes % 60, 'min'] as const];
  const said = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}`);
  return said.length > 0 ? said.join(' ') : 'less than a minute';
}

/**
 * A moment as seen from now: `3 d ago`, `in 2 d 5 h`. What was a moment ago is `just now`, also when the clock of the server
 * is a little before that of the reader.
 */
export function formatDistance(atMs: number, nowMs: number): string {
  const agoMs = nowMs - atMs;
  if (Math.abs(agoMs) < MINUTE_MS) return agoMs < JUST_NOW_MS ? 'just now' : `${formatDuration(agoMs)} ago`;
  return agoMs > 0 ? `${formatDuration(agoMs)} ago` : `in ${formatTimeLeft(agoMs)}`;
}

/** Bytes in binary units: `512 B`, `1.5 KiB`, `100 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A difference with its sign: `+1.2 KiB`, `−300 B`, `±0`. */
export function formatByteChange(bytes: number): string {
  if (bytes === 0) return '±0';
  return `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes))}`;
}

const whole = new Intl.NumberFormat('en');
/** A count with thousands apart: `1,234`. */
export const formatCount = (count: number): string => whole.format(count);

/** A moment in the reader's own time zone: `2026-11-27 18:30`. */
export function formatMoment(timestamp: string): string {
  const at = new Date(timestamp);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** A word with its count: `1 file`, `3 files`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
