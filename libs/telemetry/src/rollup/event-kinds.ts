/** What the roll-ups need to know about an event type. */
export const EventKind = { other: 0, interaction: 1, crash: 2, error: 3 } as const;
/** One of the kinds. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

const KINDS: Record<string, EventKind> = {
  // What only a person's hand makes: the bot rule counts these.
  screen_view: EventKind.interaction,
  button_click: EventKind.interaction,
  feature_used: EventKind.interaction,
  app_crash: EventKind.crash,
  lua_error: EventKind.error,
};

/** Types the platform knows. An app always has room for them, whatever names its devices made up. */
const PLATFORM_TYPES: ReadonlySet<string> = new Set([
  ...Object.keys(KINDS),
  'app_start',
  'app_stop',
  'perf_frame',
  'perf_memory',
  'perf_startup',
]);

/** Whether a type is one that the platform knows. */
export function isPlatformType(type: string): boolean {
  return PLATFORM_TYPES.has(type);
}

/** The kind of an event type. */
export function kindOfType(type: string): EventKind {
  return Object.hasOwn(KINDS, type) ? (KINDS[type] as EventKind) : EventKind.other;
}

/** The types of a kind, in no order. */
export function typesOfKind(kind: EventKind): string[] {
  return Object.keys(KINDS).filter((type) => KINDS[type] === kind);
}

/** Measures of the roll-ups that are not event types. */
export const Measure = { sessions: -1, crashedSessions: -2 } as const;

/** Dimensions of the roll-ups, as they are stored. */
export const DimensionCode = { none: 0, app_version: 1, mosis_version: 2, os: 3, country: 4 } as const;
