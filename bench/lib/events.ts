import type { Random } from './random.ts';

/** An event as an app makes it: its type and what it says, when it says anything. */
export interface MadeEvent {
  type: string;
  data?: Record<string, string | number>;
}

const SCREENS = names('screen', 24);
const ELEMENTS = names('button', 60);
const FEATURES = names('feature', 12);
const CRASHES = names('Fault', 8);
const ERRORS = names('script', 15);

/** How often apps send what, of 1,000 events; three quarters carry data, as the platform's own types do. */
const MIX: [perThousand: number, make: (random: Random) => MadeEvent][] = [
  [280, (random) => ({ type: 'screen_view', data: { screen_name: random.unequal(SCREENS) } })],
  [220, (random) => ({ type: 'button_click', data: { element_id: random.unequal(ELEMENTS) } })],
  [80, (random) => ({ type: 'feature_used', data: { feature_name: random.unequal(FEATURES) } })],
  [80, (random) => ({ type: 'perf_frame', data: { avg_ms: 8 + random.below(20), p95_ms: 20 + random.below(60) } })],
  [40, (random) => ({ type: 'perf_memory', data: { used_mb: 40 + random.below(80), limit_mb: 128 } })],
  [60, () => ({ type: 'app_start' })],
  [50, (random) => ({ type: 'app_stop', data: { duration_seconds: random.below(1_800) } })],
  [80, () => ({ type: 'turn_ended' })],
  [60, () => ({ type: 'item_collected' })],
  [40, () => ({ type: 'sound_played' })],
  [
    3,
    (random) => {
      const crash_type = random.unequal(CRASHES);
      return { type: 'app_crash', data: { crash_type, message: `${crash_type} in main`, stack: stack(crash_type) } };
    },
  ],
  [
    7,
    (random) => ({
      type: 'lua_error',
      data: { message: 'attempt to index nil', stack: stack(random.unequal(ERRORS)) },
    }),
  ],
];

/** Where each type of the mix ends, between 0 and 1. */
const ENDS = MIX.map((_, index) => MIX.slice(0, index + 1).reduce((sum, [part]) => sum + part, 0) / 1_000);

/** What devices are and say of themselves. */
export const VERSIONS = ['1.4.0', '1.3.2', '1.3.1', '1.2.0', '1.1.0', '1.0.0'];
export const PLATFORM_VERSIONS = ['2.1.0', '2.0.3', '2.0.0'];
export const COUNTRIES = ['DE', 'US', 'FR', 'GB', 'IE', 'ES', 'IT', 'PL', 'NL', 'SE', 'JP', 'BR'];
export const MODELS = names('Mosis ', 8);
export const LOCALES = ['de-DE', 'en-US', 'fr-FR', 'en-GB', 'es-ES', 'it-IT'];

/** The next event. */
export function makeEvent(random: Random): MadeEvent {
  const position = random.next();
  const index = ENDS.findIndex((end) => position < end);
  return (MIX[index === -1 ? 0 : index] as (typeof MIX)[number])[1](random);
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

function stack(place: string): string {
  return `at ${place}.update (main.lua:12)\nat loop (core.lua:88)\nat start (boot.lua:3)`;
}
