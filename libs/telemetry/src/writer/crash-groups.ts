import type { RawConnection } from '@mosis/sqlite/connection';
import { signCrash, type CrashSignature } from '../crashes/fingerprint.js';

/** Crash groups an app may have; what comes after is counted in one group for the rest of its kind. */
export const MAX_CRASH_GROUPS = 10_000;

/** Kinds of events that are grouped. */
export type CrashKind = CrashSignature['kind'];

const KNOWN_CRASHES = 1_000;
/** Of the groups for the rest. */
const REST_FINGERPRINTS: Record<CrashKind, Buffer> = { app_crash: Buffer.alloc(16), lua_error: Buffer.alloc(16, 1) };

/** Gives crashes and errors the number of their group, making groups inside the caller's transaction. */
export class CrashGroups {
  /** Groups by the very text of a crash: devices in the same trouble send the same. */
  readonly #known = new Map<string, number>();
  /** How many an app has: counting ten thousand for each crash that is new would hold everybody's uploads up. */
  readonly #counts = new Map<number, number>();
  readonly #find;
  readonly #insert;
  readonly #count;

  constructor(db: RawConnection) {
    this.#find = db.prepare('SELECT crash_group FROM crash_groups WHERE app = ? AND fingerprint = ?').pluck();
    this.#insert = db
      .prepare(
        `INSERT INTO crash_groups (app, fingerprint, kind, crash_type, message, frames, sample, sample_device)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING crash_group`,
      )
      .pluck();
    this.#count = db.prepare('SELECT count(*) FROM crash_groups WHERE app = ?').pluck();
  }

  /** The group of a crash; made when it is the first of its kind. */
  groupOf(app: number, kind: CrashKind, data: string | null, device: number): number {
    const key = keyOf(app, kind, data);
    let group = this.#known.get(key);
    if (group === undefined) {
      group = this.#findOrMake(app, kind, data, device);
      this.#remember(key, group);
    }
    return group;
  }

  /** Forgets what is in memory: groups may have gone, or the transaction that made them was rolled back. */
  reset(): void {
    this.#known.clear();
    this.#counts.clear();
  }

  #findOrMake(app: number, kind: CrashKind, data: string | null, device: number): number {
    const signature = signCrash(kind, parseData(data));
    const found = this.#find.get(app, signature.fingerprint) as number | undefined;
    if (found !== undefined) return found;
    const groups = this.#counts.get(app) ?? (this.#count.get(app) as number);
    if (groups >= MAX_CRASH_GROUPS) {
      this.#counts.set(app, groups);
      return this.#restOf(app, kind);
    }
    this.#counts.set(app, groups + 1);
    return this.#insert.get(
      app,
      signature.fingerprint,
      kind,
      signature.crashType,
      signature.message,
      JSON.stringify(signature.frames),
      data,
      device,
    ) as number;
  }

  /** The group a stored crash was counted in. */
  find(app: number, kind: CrashKind, data: string | null): number | undefined {
    const key = keyOf(app, kind, data);
    let group = this.#known.get(key);
    if (group === undefined) {
      const { fingerprint } = signCrash(kind, parseData(data));
      group = (this.#find.get(app, fingerprint) ?? this.#find.get(app, REST_FINGERPRINTS[kind])) as number | undefined;
      if (group !== undefined) this.#remember(key, group);
    }
    return group;
  }

  #remember(key: string, group: number): void {
    if (this.#known.size >= KNOWN_CRASHES) this.#known.clear();
    this.#known.set(key, group);
  }

  #restOf(app: number, kind: CrashKind): number {
    const fingerprint = REST_FINGERPRINTS[kind];
    return (this.#find.get(app, fingerprint) ??
      this.#insert.get(app, fingerprint, kind, '(other)', '', '[]', null, null)) as number;
  }
}

function keyOf(app: number, kind: CrashKind, data: string | null): string {
  return `${app}/${kind}/${data}`;
}

function parseData(data: string | null): Record<string, unknown> {
  return data === null ? {} : (JSON.parse(data) as Record<string, unknown>);
}
