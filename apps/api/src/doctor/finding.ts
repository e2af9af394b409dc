/** How one thing is that the doctor looked at. */
export interface Finding {
  /** What was looked at, as `volume` or `clock`. */
  check: string;
  /** `fail`: the server does not start, or may lose data. `warn`: it works, and something should be done. */
  status: 'ok' | 'warn' | 'fail';
  /** What was found, in words. */
  detail: string;
  /** What to do, in words; absent when there is nothing to do. */
  advice?: string;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail });
export const warn = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'warn',
  detail,
  advice,
});
export const fail = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'fail',
  detail,
  advice,
});
