import { boundedKey, ownCopy, MAX_KEY_LENGTH } from '../queue/bounded-key.js';
import { RecencyList } from '../queue/recency-list.js';
import { AppPresence, type LiveCounts, type LiveSession } from './app-presence.js';

export type { LiveCounts } from './app-presence.js';

export interface LiveOptions {
  /** How long a session counts after it was last seen. */
  windowMs: number;
  /** Sessions remembered over all apps; beyond it the one seen longest ago is forgotten. */
  maxSessions: number;
  /** Versions of an app shown by name; the rest is under `(other)`. */
  maxVersionsShown: number;
  /** A clock that never goes back, milliseconds. */
  now: () => number;
}

/** What holds unless said otherwise: the window is two and a half heartbeats of 60 s. */
export const DEFAULT_LIVE_LIMITS = { windowMs: 150_000, maxSessions: 200_000, maxVersionsShown: 50 };

/** One sign of life of a session. The keys may be any text. */
export interface LiveSighting {
  appId: string;
  deviceKey: string;
  sessionKey: string;
  appVersion: string;
}

/** How many versions of an app are told apart for each that is shown: enough to rank them, few enough to read fast. */
const TOLD_APART_PER_SHOWN = 20;
/** How many sessions one sighting expires: more than it adds, few enough not to be felt after a quiet time. */
const EXPIRE_AT_ONCE = 8;

/**
 * Who uses which app now, in bounded memory and without timers. Sessions lie in the order they were last seen, so those
 * that expire, and those that must make room, are always at the old end.
 */
export class LivePresence {
  readonly #options: LiveOptions;
  readonly #apps = new Map<string, AppPresence>();
  readonly #sessions = new RecencyList<LiveSession>();
  #size = 0;
  /** Until when an app with nothing left may be missing a session that was forgotten for want of room. */
  #truncatedUntilMs = -Infinity;

  /** @throws RangeError when a limit is missing or leaves no room for a single session. */
  constructor(options: Partial<LiveOptions> & Pick<LiveOptions, 'now'>) {
    this.#options = { ...DEFAULT_LIVE_LIMITS, ...options };
    const { windowMs, maxSessions, maxVersionsShown } = this.#options;
    if (!(windowMs > 0 && maxSessions >= 1 && maxVersionsShown >= 1))
      throw new RangeError('a limit must be above zero');
  }

  /** How many sessions are held in memory, expired ones among them until they are next come across. */
  get size(): number {
    return this.#size;
  }

  /** Notes that a session runs now, on this device and in this version. Constant time. */
  seen(sighting: LiveSighting): void {
    const nowMs = this.#options.now();
    this.#expire(nowMs, EXPIRE_AT_ONCE);
    const appId = boundedKey(sighting.appId);
    const sessionKey = boundedKey(sighting.sessionKey);
    const deviceKey = boundedKey(sighting.deviceKey);
    const version = shownVersion(sighting.appVersion);

    const known = this.#apps.get(appId)?.sessions.get(sessionKey);
    if (known !== undefined) {
      known.app.renew(known, deviceKey, version);
      known.seenAtMs = nowMs;
      this.#sessions.renew(known);
      return;
    }
    this.#makeRoom();
    this.#sessions.add(this.#app(appId).add(sessionKey, deviceKey, version, nowMs));
    this.#size += 1;
  }

  /** Notes that a session has ended; one that is not known is nothing. */
  ended(appId: string, sessionKey: string): void {
    const session = this.#apps.get(boundedKey(appId))?.sessions.get(boundedKey(sessionKey));
    if (session !== undefined) this.#remove(session);
  }

  /** Counts what was seen within the window. Takes time by the versions, and by what has expired since it was last asked. */
  read(appId: string): LiveCounts {
    const nowMs = this.#options.now();
    this.#expire(nowMs, Infinity);
    const app = this.#apps.get(boundedKey(appId));
    const truncated = nowMs < (app?.truncatedUntilMs ?? this.#truncatedUntilMs);
    return (
      app?.counts(this.#options.maxVersionsShown, truncated) ?? { devices: 0, sessions: 0, by_version: [], truncated }
    );
  }

  /** Forgets all sessions of an app. */
  forgetApp(appId: string): void {
    const app = this.#apps.get(boundedKey(appId));
    if (app === undefined) return;
    this.#apps.delete(app.id);
    this.#size -= app.sessions.size;
    for (const session of app.sessions.values()) this.#sessions.remove(session);
  }

  /** Forgets all sessions of one device in an app. */
  forgetDevice(appId: string, deviceKey: string): void {
    const sessions = this.#apps.get(boundedKey(appId))?.sessionsOf(boundedKey(deviceKey)) ?? [];
    for (const session of sessions) this.#remove(session);
  }

  #app(id: string): AppPresence {
    let app = this.#apps.get(id);
    if (app === undefined) {
      const maxVersions = this.#options.maxVersionsShown * TOLD_APART_PER_SHOWN;
      app = new AppPresence(ownCopy(id), maxVersions);
      app.truncatedUntilMs = this.#truncatedUntilMs;
      this.#apps.set(app.id, app);
    }
    return app;
  }

  #expire(nowMs: number, limit: number): void {
    if (this.#hasExpired(this.#sessions.newest, nowMs)) return this.#forgetAll();
    for (let expired = 0; expired < limit; expired += 1) {
      const { oldest } = this.#sessions;
      if (oldest === undefined || !this.#hasExpired(oldest, nowMs)) return;
      this.#remove(oldest);
    }
  }

  #hasExpired(session: LiveSession | undefined, nowMs: number): boolean {
    return session !== undefined && nowMs - session.seenAtMs >= this.#options.windowMs;
  }

  /** After a silence as long as the window: at once, where one by one would hold up whoever comes first after it. */
  #forgetAll(): void {
    this.#apps.clear();
    this.#sessions.clear();
    this.#size = 0;
  }

  #makeRoom(): void {
    while (this.#size >= this.#options.maxSessions && this.#sessions.oldest !== undefined) {
      const { oldest } = this.#sessions;
      const untilMs = oldest.seenAtMs + this.#options.windowMs;
      oldest.app.truncatedUntilMs = Math.max(oldest.app.truncatedUntilMs, untilMs);
      this.#remove(oldest);
    }
  }

  #remove(session: LiveSession): void {
    const { app } = session;
    this.#sessions.remove(session);
    this.#size -= 1;
    app.remove(session);
    if (app.sessions.size > 0) return;
    this.#apps.delete(app.id);
    // Remembered for all empty apps at once, because their number has no bound.
    this.#truncatedUntilMs = Math.max(this.#truncatedUntilMs, app.truncatedUntilMs);
  }
}

/** A version is shown, so one that is too long is cut rather than hashed. */
function shownVersion(text: string): string {
  return text.length <= MAX_KEY_LENGTH ? text : `${text.slice(0, MAX_KEY_LENGTH - 1).toWellFormed()}…`;
}
