import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { RawConnection } from '@mosis/sqlite/connection';
import type { ContextWords } from '../rollup/expand.js';
import { isPlatformType, kindOfType, type EventKind } from '../rollup/event-kinds.js';
import { OTHER_KEY } from '../queries/types.js';

/**
 * Distinct values an app may have of each kind; what comes after is counted under `(other)`, types are refused. Whoever has
 * the app's public key can use them up, so the platform's own types are not among them: a crash can always be told.
 */
export const MAX_WORDS = {
  type: 1_000,
  app_version: 2_000,
  mosis_version: 500,
  os: 500,
  country: 300,
  device_model: 5_000,
  locale: 1_000,
} as const;
/** Distinct combinations an app may have; beyond it device model and locale become `(other)`. */
export const MAX_CONTEXTS = 20_000;

/** Entries a cache holds before it is emptied: a bound on memory, not on correctness. */
const CACHE_ENTRIES = 50_000;

/** What a word is about. */
export type WordKind = keyof typeof MAX_WORDS;

/** An app as the engine knows it. */
export interface KnownApp {
  app: number;
  pseudonymKey: KeyObject;
}

/** What a batch says of its device and app, as texts. */
export interface ContextTexts {
  appVersion: string;
  mosisVersion: string;
  os: string | null;
  country: string | null;
  deviceModel: string | null;
  locale: string | null;
}

interface AppCache {
  known: KnownApp;
  words: Map<string, number>;
  wordCounts: Partial<Record<WordKind, number>>;
  contexts: Map<string, number>;
  contextCount: number | undefined;
  devices: Map<string, number>;
  sessions: Map<string, { session: number; partition: number }>;
}

/**
 * Numbers for texts: apps, words, contexts, devices and sessions. Looks in memory, then in the file, and makes what is
 * missing inside the caller's transaction; after a rollback `reset` must be called.
 */
export class Dictionaries {
  readonly #apps = new Map<string, AppCache>();
  readonly #contexts = new Map<number, ContextWords>();
  readonly #kinds = new Map<number, EventKind>();
  readonly #sql;

  constructor(db: RawConnection) {
    this.#sql = {
      app: db.prepare('SELECT app, pseudonym_key FROM apps WHERE package_id = ?'),
      newApp: db.prepare('INSERT INTO apps (package_id, pseudonym_key) VALUES (?, ?) RETURNING app'),
      word: db.prepare('SELECT word FROM words WHERE app = ? AND kind = ? AND value = ?').pluck(),
      newWord: db.prepare('INSERT INTO words (app, kind, value) VALUES (?, ?, ?) RETURNING word').pluck(),
      countWords: db.prepare('SELECT count(*) FROM words WHERE app = ? AND kind = ?').pluck(),
      typeName: db.prepare(`SELECT value FROM words WHERE word = ? AND kind = 'type'`).pluck(),
      context: db
        .prepare(
          `SELECT context FROM contexts WHERE app = ? AND app_version = ? AND mosis_version = ? AND os = ? AND country = ?
             AND device_model = ? AND locale = ?`,
        )
        .pluck(),
      newContext: db
        .prepare(
          `INSERT INTO contexts (app, app_version, mosis_version, os, country, device_model, locale)
           VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING context`,
        )
        .pluck(),
      countContexts: db.prepare('SELECT count(*) FROM contexts WHERE app = ?').pluck(),
      contextWords: db.prepare('SELECT app_version, mosis_version, os, country FROM contexts WHERE context = ?'),
      device: db.prepare('SELECT ordinal FROM devices WHERE app = ? AND pseudonym = ?').pluck(),
      takeOrdinal: db
        .prepare('UPDATE apps SET next_ordinal = next_ordinal + 1 WHERE app = ? RETURNING next_ordinal - 1')
        .pluck(),
      newDevice: db.prepare('INSERT INTO devices (app, pseudonym, ordinal) VALUES (?, ?, ?)'),
      session: db.prepare(
        'SELECT session, last_partition AS partition FROM sessions WHERE app = ? AND device = ? AND session_id = ?',
      ),
      newSession: db
        .prepare(
          `INSERT INTO sessions (app, device, session_id, first_partition, last_partition) VALUES (?, ?, ?, ?, ?)
           RETURNING session`,
        )
        .pluck(),
      touchSession: db.prepare('UPDATE sessions SET last_partition = ? WHERE session = ?'),
    };
  }

  /** Forgets everything in memory. */
  reset(): void {
    this.#apps.clear();
    this.#contexts.clear();
    this.#kinds.clear();
  }

  /** The app of a package id, made at its first upload. */
  app(packageId: string): KnownApp {
    return this.#cache(packageId).known;
  }

  /** The app of a package id, if it ever sent anything. */
  findApp(packageId: string): KnownApp | undefined {
    const row = this.#sql.app.get(packageId) as { app: number; pseudonym_key: Buffer } | undefined;
    return row && { app: row.app, pseudonymKey: createSecretKey(row.pseudonym_key) };
  }

  /** The word of an event type; undefined when the app has too many already. */
  type(packageId: string, name: string): { word: number; kind: EventKind } | undefined {
    const word = this.#word(this.#cache(packageId), 'type', name);
    return word === undefined ? undefined : { word, kind: this.kindOf(word) };
  }

  /** What an event type means to the roll-ups. */
  kindOf(type: number): EventKind {
    let kind = this.#kinds.get(type);
    if (kind === undefined) {
      kind = kindOfType((this.#sql.typeName.get(type) as string | undefined) ?? '');
      if (this.#kinds.size > CACHE_ENTRIES) this.#kinds.clear();
      this.#kinds.set(type, kind);
    }
    return kind;
  }

  /** The context of a batch. */
  context(packageId: string, texts: ContextTexts): number {
    const cache = this.#cache(packageId);
    const key = [texts.appVersion, texts.mosisVersion, texts.os, texts.country, texts.deviceModel, texts.locale].join(
      '\u0000',
    );
    let context = cache.contexts.get(key);
    if (context === undefined) {
      context = this.#makeContext(cache, texts);
      bounded(cache.contexts).set(key, context);
    }
    return context;
  }

  /** The words of a context. @throws when there is no such context: a raw row points at nothing */
  contextWords(context: number): ContextWords {
    let words = this.#contexts.get(context);
    if (!words) {
      words = this.#sql.contextWords.get(context) as ContextWords | undefined;
      if (!words) throw new Error(`There is no context ${context}: telemetry.db is damaged.`);
      bounded(this.#contexts).set(context, words);
    }
    return words;
  }

  /** What stands for a device id on disk. */
  pseudonym(packageId: string, deviceId: string): Buffer {
    return pseudonymOf(this.#cache(packageId).known.pseudonymKey, deviceId);
  }

  /** The ordinal of a device, and whether it was just made. */
  device(packageId: string, deviceId: string): { ordinal: number; isNew: boolean } {
    const cache = this.#cache(packageId);
    const cached = cache.devices.get(deviceId);
    if (cached !== undefined) return { ordinal: cached, isNew: false };
    const { app, pseudonymKey } = cache.known;
    const pseudonym = pseudonymOf(pseudonymKey, deviceId);
    let ordinal = this.#sql.device.get(app, pseudonym) as number | undefined;
    const isNew = ordinal === undefined;
    if (ordinal === undefined) {
      ordinal = this.#sql.takeOrdinal.get(app) as number;
      this.#sql.newDevice.run(app, pseudonym, ordinal);
    }
    bounded(cache.devices).set(deviceId, ordinal);
    return { ordinal, isNew };
  }

  /** Whether a device was seen before. */
  knowsDevice(packageId: string, deviceId: string): boolean {
    const { known, devices } = this.#cache(packageId);
    return (
      devices.has(deviceId) || this.#sql.device.get(known.app, pseudonymOf(known.pseudonymKey, deviceId)) !== undefined
    );
  }

  /** The number of a session, which begins in `partition` when it is new. */
  session(packageId: string, device: number, sessionId: Buffer, partition: number): number {
    const cache = this.#cache(packageId);
    const { app } = cache.known;
    const key = `${device}/${sessionId.toString('latin1')}`;
    let known = cache.sessions.get(key);
    if (!known) {
      known = this.#sql.session.get(app, device, sessionId) as { session: number; partition: number } | undefined;
      if (!known) {
        const session = this.#sql.newSession.get(app, device, sessionId, partition, partition) as number;
        known = { session, partition };
      }
      bounded(cache.sessions).set(key, known);
    }
    if (known.partition < partition) {
      this.#sql.touchSession.run(partition, known.session);
      known.partition = partition;
    }
    return known.session;
  }

  #cache(packageId: string): AppCache {
    const key = packageId.toLowerCase();
    let cache = this.#apps.get(key);
    if (!cache) {
      cache = {
        known: this.findApp(packageId) ?? this.#makeApp(packageId),
        words: new Map(),
        wordCounts: {},
        contexts: new Map(),
        contextCount: undefined,
        devices: new Map(),
        sessions: new Map(),
      };
      if (this.#apps.size >= 1_000) this.#apps.clear();
      this.#apps.set(key, cache);
    }
    return cache;
  }

  #makeApp(packageId: string): KnownApp {
    const pseudonymKey = randomBytes(32);
    const { app } = this.#sql.newApp.get(packageId, pseudonymKey) as { app: number };
    return { app, pseudonymKey: createSecretKey(pseudonymKey) };
  }

  #word(cache: AppCache, kind: WordKind, value: string): number | undefined {
    const key = `${kind}\u0000${value}`;
    const cached = cache.words.get(key);
    if (cached !== undefined) return cached;
    const { app } = cache.known;
    let word = this.#sql.word.get(app, kind, value) as number | undefined;
    if (word === undefined) {
      const count = (cache.wordCounts[kind] ??= this.#sql.countWords.get(app, kind) as number);
      const hasRoom = value === OTHER_KEY || (kind === 'type' && isPlatformType(value));
      if (count >= MAX_WORDS[kind] && !hasRoom) {
        return kind === 'type' ? undefined : this.#word(cache, kind, OTHER_KEY);
      }
      word = this.#sql.newWord.get(app, kind, value) as number;
      cache.wordCounts[kind] = count + 1;
    }
    bounded(cache.words).set(key, word);
    return word;
  }

  #wordOrNone(cache: AppCache, kind: WordKind, value: string | null): number {
    return value === null ? 0 : (this.#word(cache, kind, value) ?? 0);
  }

  #makeContext(cache: AppCache, texts: ContextTexts): number {
    const { app } = cache.known;
    const words = [
      this.#wordOrNone(cache, 'app_version', texts.appVersion),
      this.#wordOrNone(cache, 'mosis_version', texts.mosisVersion),
      this.#wordOrNone(cache, 'os', texts.os),
      this.#wordOrNone(cache, 'country', texts.country),
      this.#wordOrNone(cache, 'device_model', texts.deviceModel),
      this.#wordOrNone(cache, 'locale', texts.locale),
    ];
    const found = this.#sql.context.get(app, ...words) as number | undefined;
    if (found !== undefined) return found;
    cache.contextCount ??= this.#sql.countContexts.get(app) as number;
    if (cache.contextCount >= MAX_CONTEXTS && (texts.deviceModel !== OTHER_KEY || texts.locale !== OTHER_KEY)) {
      return this.#makeContext(cache, { ...texts, deviceModel: OTHER_KEY, locale: OTHER_KEY });
    }
    cache.contextCount += 1;
    return this.#sql.newContext.get(app, ...words) as number;
  }
}

/** What stands for a device id on disk: an HMAC under a key of the app's own. */
export function pseudonymOf(key: KeyObject, deviceId: string): Buffer {
  return createHmac('sha256', key).update(deviceId).digest().subarray(0, 16);
}

function bounded<Key, Value>(cache: Map<Key, Value>): Map<Key, Value> {
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  return cache;
}
