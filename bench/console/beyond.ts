/** From one moment to another, on the clock of one page, milliseconds. */
export interface Span {
  beganMs: number;
  endedMs: number;
}

/** What of a span lies in none of the others: of a page change what no request was waited for. */
export function beyond(whole: Span, others: readonly Span[]): number {
  let free = 0;
  let position = whole.beganMs;
  for (const { beganMs, endedMs } of [...others].sort((one, other) => one.beganMs - other.beganMs)) {
    if (endedMs <= position) continue;
    if (beganMs >= whole.endedMs) break;
    free += Math.max(0, beganMs - position);
    position = endedMs;
  }
  return free + Math.max(0, whole.endedMs - position);
}
