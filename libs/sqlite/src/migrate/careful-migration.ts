import { existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { closeWriter, openReader, openWriter, type RawConnection } from '../open.js';
import { copyCheaply, removeDatabase } from './durable-files.js';
import { SpaceError, measureFreeBytes } from './free-space.js';
import { HISTORY_TABLE, planChange, type MigrationChange } from './history.js';
import type { Migration } from './migration-files.js';
import { Migrator, type MigrateOptions, type MigrationOutcome } from './migrator.js';
import { RestorePoints, type RestorePoint } from './restore-points.js';
import { makeSampledCopy } from './sampled-copy.js';

/** A database file and how it is migrated. */
export interface MigrationTarget {
  file: string;
  migrations: readonly Migration[];
  /** Where restore points and copies to rehearse on lie. */
  folder: string;
  /**
   * `whole`: a restore point is kept, and a copy of it is rehearsed on. `samples`: for a file that may be too large to be
   * copied; the schema and some rows of each table are rehearsed on, and no restore point is kept.
   */
  copy: 'whole' | 'samples';
  /** Files beside it that belong to a restore point. */
  companions?: readonly string[];
  /** Tables that no migration may touch. */
  keptTables?: RegExp;
  /** `false` leaves the WAL to Litestream. */
  autoCheckpoint?: boolean;
}

/** What a careful migration is doing, told before (without a duration) and after each part. */
export interface MigrationProgress {
  /** The name of the file, as `core.db`. */
  database: string;
  phase: 'restore-point' | 'copy' | 'rehearsal' | 'apply';
  /** The migration, in the last two phases. */
  migration?: string;
  direction: MigrationChange['direction'];
  /** Rows that are gone through, in the last two phases. */
  rows?: number;
  /** Size of what is copied, in the first two phases. */
  bytes?: number;
  /** The restore point, once it is made. */
  restorePoint?: string;
  durationMs?: number;
}

/** Settings of a careful migration. */
export interface CarefulOptions {
  allowLoss?: readonly string[];
  onProgress?: (progress: MigrationProgress) => void;
  now?: () => Date;
  /** Free bytes where a folder lies. */
  freeBytes?: (folder: string) => number;
}

/** Room for what a migration may need besides copies of the file. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** A change of one file that was rehearsed and may be applied. */
export interface RehearsedMigration {
  restorePoint: RestorePoint | undefined;
  /**
   * Applies it in one transaction. The restore point stays, whatever comes of it.
   *
   * @throws MigrationError; the file is as it was then
   */
  apply(): MigrationOutcome[];
  /** Gives the restore point up, because nothing will be applied. */
  discard(): void;
}

/**
 * Does everything of a migration but the migration: keeps a restore point and rehearses on a copy. Reads the file only. A
 * file with nothing pending costs one look at its history; one without tables of its own has nothing to lose and goes
 * straight to `apply`.
 *
 * @throws MigrationError when the rehearsal fails, SpaceError when there is no room; nothing is left behind
 */
export function rehearseMigration(
  target: MigrationTarget,
  change: MigrationChange,
  options: CarefulOptions = {},
): RehearsedMigration {
  const points = restorePointsOf(target);
  points.prune();
  const state = look(target, change);
  if (state.pending === 0) return { restorePoint: undefined, apply: () => [], discard: () => undefined };
  let restorePoint: RestorePoint | undefined;
  const discard = () => restorePoint && points.remove(restorePoint.name);
  if (!state.empty) {
    try {
      assertSpace(target, state.sizeBytes, options.freeBytes ?? measureFreeBytes);
      if (target.copy === 'whole') restorePoint = keepRestorePoint(target, points, change, state.sizeBytes, options);
      rehearse(target, points.rehearsalFile, restorePoint, change, options);
    } catch (error) {
      discard();
      throw error;
    }
  }
  return {
    restorePoint,
    discard,
    apply() {
      const outcomes = apply(target, change, options);
      // Not before: a migration that is refused again and again must not push out what older ones kept.
      points.prune();
      return outcomes;
    },
  };
}

/**
 * Changes several files of one installation: all are rehearsed before the first is changed. Each is one transaction; when a
 * later one fails although its rehearsal did not, the earlier ones stay changed, and the same call goes on with the rest.
 *
 * @throws as {@link rehearseMigration} and `apply` do
 */
export function migrateTogether(
  targets: readonly MigrationTarget[],
  change: MigrationChange,
  options: CarefulOptions = {},
): MigrationOutcome[] {
  const rehearsed: RehearsedMigration[] = [];
  try {
    for (const target of targets) rehearsed.push(rehearseMigration(target, change, options));
  } catch (error) {
    for (const each of rehearsed) each.discard();
    throw error;
  }
  return rehearsed.flatMap((each) => each.apply());
}

/** The restore points of a database. */
export function restorePointsOf({ folder, file, companions }: MigrationTarget): RestorePoints {
  return new RestorePoints(folder, file, companions);
}

function look(target: MigrationTarget, change: MigrationChange) {
  if (!existsSync(target.file) || statSync(target.file).size === 0)
    return { pending: change.direction === 'up' ? target.migrations.length : 0, empty: true, sizeBytes: 0 };
  const reader = openReader(target.file);
  try {
    const pending = planChange(reader, target.migrations, change).length;
    return { pending, empty: isEmpty(reader), sizeBytes: sizeOf(reader) };
  } finally {
    reader.close();
  }
}

function isEmpty(reader: RawConnection): boolean {
  return !reader
    .prepare(
      `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name != '${HISTORY_TABLE}' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 1`,
    )
    .get();
}

/** With what is in the write-ahead log. */
function sizeOf(connection: RawConnection): number {
  const pragma = (name: string) => connection.pragma(name, { simple: true }) as number;
  return pragma('page_count') * pragma('page_size');
}

function assertSpace(target: MigrationTarget, sizeBytes: number, freeBytes: (folder: string) => number): void {
  // The restore point; then the copy with its write-ahead log, or, once that is gone, the log of the file itself.
  const needed = SPARE_BYTES + (target.copy === 'whole' ? 3 * sizeBytes : 0);
  const folder = dirname(target.file);
  const free = freeBytes(folder);
  if (free < needed) throw new SpaceError(folder, needed, free);
}

function keepRestorePoint(
  target: MigrationTarget,
  points: RestorePoints,
  { direction }: MigrationChange,
  bytes: number,
  options: CarefulOptions,
): RestorePoint {
  const progress = { database: basename(target.file), phase: 'restore-point' as const, direction, bytes };
  return timed(options, progress, () => {
    const point = points.make(options.now?.() ?? new Date());
    return { result: point, more: { restorePoint: point.name, bytes: point.size_bytes } };
  });
}

function rehearse(
  target: MigrationTarget,
  copy: string,
  restorePoint: RestorePoint | undefined,
  change: MigrationChange,
  options: CarefulOptions,
): void {
  const database = basename(target.file);
  try {
    const progress = { database, phase: 'copy' as const, direction: change.direction };
    timed(options, restorePoint ? { ...progress, bytes: restorePoint.size_bytes } : progress, () => {
      mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
      removeDatabase(copy);
      if (restorePoint) copyCheaply(restorePoint.file, copy);
      else makeSampledCopy(target.file, copy, target.keptTables ?? /^$/);
      return { result: undefined, more: { bytes: statSync(copy).size } };
    });
    const connection = openWriter(copy);
    try {
      // A copy that is thrown away needs no syncs.
      connection.pragma('synchronous = OFF');
      new Migrator(connection, target.migrations).run(change, {
        ...migrateOptions(target, options, 'rehearsal'),
        checks: true,
      });
    } finally {
      connection.close();
    }
  } finally {
    removeDatabase(copy);
  }
}

function apply(target: MigrationTarget, change: MigrationChange, options: CarefulOptions): MigrationOutcome[] {
  const connection = openWriter(target.file, { autoCheckpoint: target.autoCheckpoint ?? true });
  try {
    return new Migrator(connection, target.migrations).run(change, migrateOptions(target, options, 'apply'));
  } finally {
    closeWriter(connection);
  }
}

function migrateOptions(
  target: MigrationTarget,
  options: CarefulOptions,
  phase: 'rehearsal' | 'apply',
): MigrateOptions {
  const { allowLoss, now, onProgress } = options;
  return {
    ...(allowLoss ? { allowLoss } : {}),
    ...(now ? { now } : {}),
    ...(target.keptTables ? { keptTables: target.keptTables } : {}),
    onStep: ({ name, ...step }) => onProgress?.({ database: basename(target.file), phase, migration: name, ...step }),
  };
}

function timed<Result>(
  { onProgress }: CarefulOptions,
  progress: MigrationProgress,
  work: () => { result: Result; more: Partial<MigrationProgress> },
): Result {
  onProgress?.(progress);
  const startedAt = performance.now();
  const { result, more } = work();
  onProgress?.({ ...progress, ...more, durationMs: performance.now() - startedAt });
  return result;
}
