/** The part of a browser's window that tells of a page's life. */
export interface Page {
  document?: { visibilityState: string; addEventListener: Listen };
  addEventListener: Listen;
}
type Listen = (type: string, listener: () => void, options: { signal: AbortSignal }) => void;

/** What the SDK takes from its surroundings. Tests inject all of it. */
export interface Platform {
  /** Wall clock, milliseconds since 1970. */
  now: () => number;
  /** At least 0, below 1. Used for jitter only. */
  random: () => number;
  uuid: () => string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Runs `run` once after `delayMs`; the returned function calls it off. Must not keep a process alive. */
  schedule: (run: () => void, delayMs: number) => () => void;
  /** The global object, which in a browser is the window. */
  page: Page;
}

/** The platform of the running Node or browser. */
export const defaultPlatform = (): Platform => ({
  now: () => Date.now(),
  random: () => Math.random(),
  uuid: randomUuid,
  fetch: (url, init) => fetch(url, init),
  schedule: (run, delayMs) => {
    const timer = setTimeout(run, delayMs) as unknown;
    // Browsers answer a number; in Node a timer must not hold up the end of the process.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer as number);
  },
  page: globalThis as unknown as Page,
});

/** A random (version 4) UUID. `crypto.randomUUID` exists only on https pages; `getRandomValues` everywhere. */
export function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes
    .reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
