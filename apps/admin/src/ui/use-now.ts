import { useSyncExternalStore } from 'react';

const STEP_MS = 15_000;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in milliseconds, one clock for the whole page, a step every 15 seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    if (Date.now() - now >= STEP_MS) now = Date.now();
    return now;
  });
}
