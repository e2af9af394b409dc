import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openReader } from '../open.js';
import { copyCheaply, publishFile, removeDatabase } from './durable-files.js';
import { findNewestApplied } from './history.js';

/** The folder of a data directory in which restore points lie. */
export const RESTORE_POINTS_FOLDER = 'restore-points';
/** So many restore points are kept; the newest always. */
export const RESTORE_POINTS_KEPT = 5;

/** A copy of a database as it was before a migration. */
export interface RestorePoint {
  /** What `use` takes: its time and the newest migration it has. */
  name: string;
  file: string;
  made_at: string;
  /** The newest migration that is applied in it, or null. */
  migration: string | null;
  size_bytes: number;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\w+)$/;
const NO_MIGRATION = 'none';

/** The restore points of one database: whole copies, each complete from the moment it has its name. */
export class RestorePoints {
  /**
   * @param folder where they lie
   * @param database the file that they are copies of
   * @param companions files beside it that are kept and put back together with it
   */
  constructor(
    readonly folder: string,
    readonly database: string,
    readonly companions: readonly string[] = [],
  ) {}

  /** Where the copy lies that a migration is rehearsed on. */
  get rehearsalFile(): string {
    return join(this.folder, 'rehearsal.tmp');
  }

  /** Where a restore point is copied to before it takes the database's place. */
  get incomingFile(): string {
    return `${this.database}.incoming`;
  }

  /** All of them, newest first. */
  list(): RestorePoint[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.db') && NAME.test(file.slice(0, -3)))
      .sort()
      .reverse()
      .map((file) => this.#describe(file.slice(0, -3)));
  }

  /** @throws when there is none of this name */
  get(name: string): RestorePoint {
    const found = this.list().find((point) => point.name === name);
    if (found) return found;
    throw new Error(`There is no restore point ${name}. List them with: mosis db restore-points`);
  }

  /** Makes one of the database as it is now, which is only read. Older ones stay until `prune`. */
  make(now: Date): RestorePoint {
    const reader = openReader(this.database);
    try {
      const name = this.reserveName(now, findNewestApplied(reader));
      const temporary = join(this.folder, `${name}.tmp`);
      // It holds what the database holds: for nobody else to read. SQLite accepts a file that is there and empty.
      closeSync(openSync(temporary, 'wx', 0o600));
      try {
        // The connection cannot write its own file; this lets it write another one.
        reader.pragma('query_only = OFF');
        reader.prepare('VACUUM INTO ?').run(temporary);
        this.keepCompanions(name);
        publishFile(temporary, join(this.folder, `${name}.db`));
      } catch (error) {
        this.remove(name);
        throw new Error(
          `A restore point of ${this.database} could not be kept in ${this.folder}: ${(error as Error).message}. Nothing was changed.`,
          { cause: error },
        );
      }
      return this.#describe(name);
    } finally {
      reader.close();
    }
  }

  /** A name that no restore point has, for one made now. */
  reserveName(now: Date, migration: string | undefined): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    for (let timeMs = now.getTime(); ; timeMs += 1) {
      const time = new Date(timeMs).toISOString().replaceAll(/[-:.]/g, '');
      const name = `${time}-${migration ?? NO_MIGRATION}`;
      if (!existsSync(join(this.folder, `${name}.db`))) return name;
    }
  }

  /** Copies what goes with the database beside the restore point of this name. */
  keepCompanions(name: string): void {
    for (const companion of this.companions) {
      const from = join(this.database, '..', companion);
      if (!existsSync(from)) continue;
      const to = this.companionFile(name, companion);
      copyCheaply(from, `${to}.tmp`);
      publishFile(`${to}.tmp`, to);
    }
  }

  /** Where a companion of a restore point lies; it need not be there. */
  companionFile(name: string, companion: string): string {
    return join(this.folder, `${name}.${companion}`);
  }

  /** Removes one, with its companions and with what is left of a half-made one. */
  remove(name: string): void {
    const companions = this.companions.flatMap((companion) => [companion, `${companion}.tmp`]);
    for (const suffix of ['db', 'tmp', 'tmp-journal', ...companions])
      rmSync(join(this.folder, `${name}.${suffix}`), { force: true });
  }

  /** Removes all but the newest, and what a killed process left half-made. Costs one look into the folder. */
  prune(): void {
    if (!existsSync(this.folder)) return;
    removeDatabase(this.rehearsalFile);
    removeDatabase(this.incomingFile);
    for (const file of readdirSync(this.folder)) {
      if (/\.tmp(-\w+)?$/.test(file)) rmSync(join(this.folder, file), { force: true });
    }
    for (const { name } of this.list().slice(RESTORE_POINTS_KEPT)) this.remove(name);
  }

  #describe(name: string): RestorePoint {
    const [, year, month, day, hour, minute, second, ms, migration = NO_MIGRATION] = NAME.exec(name) ?? [];
    const file = join(this.folder, `${name}.db`);
    return {
      name,
      file,
      made_at: `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`,
      migration: migration === NO_MIGRATION ? null : migration,
      size_bytes: statSync(file).size,
    };
  }
}
