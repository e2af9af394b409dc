const DAY_MS = 86_400_000;
/** Longer fractions than this are no clock's, and would only cost time. */
const MAX_LENGTH = 64;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const COLON = 58;
const UPPER_T = 84;
const UPPER_Z = 90;

/**
 * Reads an RFC 3339 date-time as milliseconds since 1970, or undefined when it is anything else. An offset or `Z` is
 * required; digits behind the millisecond are cut off; a leap second counts as the second before it. `Date.parse` is not
 * used because it also takes many other forms, and dates such as 30 February.
 */
export function parseTimestamp(text: string): number | undefined {
  const length = text.length;
  if (length < 20 || length > MAX_LENGTH) return undefined;
  if (
    text.charCodeAt(4) !== MINUS ||
    text.charCodeAt(7) !== MINUS ||
    (text.charCodeAt(10) & ~32) !== UPPER_T ||
    text.charCodeAt(13) !== COLON ||
    text.charCodeAt(16) !== COLON
  ) {
    return undefined;
  }
  const century = twoDigits(text, 0);
  const yearOfCentury = twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (century < 0 || yearOfCentury < 0 || minute < 0 || second < 0) return undefined;
  const year = century * 100 + yearOfCentury;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute > 59 || second > 60) return undefined;

  let at = 19;
  let fractionMs = 0;
  if (text.charCodeAt(at) === DOT) {
    const first = ++at;
    let weightMs = 100;
    for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, ++at)) {
      fractionMs += digit * weightMs;
      weightMs = weightMs === 100 ? 10 : weightMs === 10 ? 1 : 0;
    }
    if (at === first) return undefined;
  }
  const offsetMinutes = readOffset(text, at);
  if (offsetMinutes === undefined) return undefined;

  const seconds = (hour * 60 + minute - offsetMinutes) * 60 + Math.min(second, 59);
  const timeMs = daysSince1970(year, month, day) * DAY_MS + seconds * 1000 + fractionMs;
  if (second < 60) return timeMs;
  const msOfDay = ((timeMs % DAY_MS) + DAY_MS) % DAY_MS;
  // A leap second is the last of a day in UTC, whatever the offset says.
  return msOfDay >= DAY_MS - 1000 ? timeMs : undefined;
}

/** Minutes east of UTC of the zone that starts at `at` and ends the text, or undefined when it does not. */
function readOffset(text: string, at: number): number | undefined {
  const code = text.charCodeAt(at);
  if ((code & ~32) === UPPER_Z) return text.length === at + 1 ? 0 : undefined;
  if (code !== PLUS && code !== MINUS) return undefined;
  if (text.length !== at + 6 || text.charCodeAt(at + 3) !== COLON) return undefined;
  const hours = twoDigits(text, at + 1);
  const minutes = twoDigits(text, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined;
  const offset = hours * 60 + minutes;
  return code === MINUS ? -offset : offset;
}

/** The digit at a place, or -1. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** The two digits at a place as a number, or -1. */
function twoDigits(text: string, at: number): number {
  const tens = digitAt(text, at);
  const ones = digitAt(text, at + 1);
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
}

function daysInMonth(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeapYear ? 29 : DAYS_IN_MONTH[month - 1]!;
}

/** Days from 1 January 1970 in the proleptic Gregorian calendar; `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
function daysSince1970(year: number, month: number, day: number): number {
  // Years begin in March here, so that the leap day is the last of its year.
  const marchYear = month > 2 ? year : year - 1;
  const dayOfMarchYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfMarchYear - 719_468;
}
