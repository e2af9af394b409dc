import { writeSync } from 'node:fs';

/** Says what a test counted, so that a run shows how much it tried. */
export function report(tally: Record<string, unknown>): void {
  writeSync(2, `${expect.getState().currentTestName ?? ''}: ${JSON.stringify(tally)}\n`);
}
