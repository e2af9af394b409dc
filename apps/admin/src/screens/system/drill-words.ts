import type { SystemBackup } from '../../api/schema';
import { formatDuration } from '../../ui/format';
import type { Tone } from '../../ui/Notice';

type Drill = SystemBackup['last_drill'];

/** It runs nightly; the server calls it overdue after the same time. */
const OVERDUE_MS = 50 * 60 * 60 * 1000;
const MINUTE_MS = 60_000;

/** What the last drill is worth now, in a few words: one that passed long ago proves little. */
export function drillState(drill: Drill, nowMs: number): { tone: Tone; text: string } {
  if (drill === null) return { tone: 'warn', text: 'never tried' };
  if (drill.state === 'failed') return { tone: 'bad', text: 'failed' };
  const ageMs = nowMs - Date.parse(drill.finished_at);
  if (ageMs > OVERDUE_MS) return { tone: 'warn', text: `passed, but ${formatDuration(ageMs)} ago` };
  return { tone: 'good', text: 'passed' };
}

/** Seconds as they were measured: `0.6 s`, beyond a minute `12 min`. */
export function formatMeasured(seconds: number | null): string {
  if (seconds === null) return 'not measured';
  const ms = seconds * 1000;
  return ms < MINUTE_MS ? `${seconds.toFixed(1)} s` : formatDuration(ms);
}
