import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { coreDatabasePath } from '@mosis/db';
import { iconKey, ObjectNotFoundError, packageKey, type ObjectStore } from '@mosis/object-store';
import { openReader, type RawConnection } from '@mosis/sqlite/connection';
import { formatDay, telemetryDatabasePath } from '@mosis/telemetry';

/** A copy that was hashed this many days ago is hashed again; every copy has its turn within this many days anyway. */
export const HASH_EVERY_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
const CONCURRENCY = 4;
const SHOWN = 10;

interface NamedObject {
  key: string;
  sha256: string;
  sizeBytes?: number;
}

export interface ObjectCheckOptions {
  restoredDir: string;
  /** The live data: what it says by now of an object that may be replaced, and when copies were last hashed. */
  dataDir: string;
  copies: ObjectStore;
  all: boolean;
  nowMs: number;
  onVerified(copy: { key: string; sha256: string }): void;
  onDamaged(key: string): void;
}

/**
 * Looks whether every object that the restored databases name is among the copies: its size always, its digest when it was
 * not hashed lately, when it is its turn, or for all.
 */
export async function checkObjects(
  options: ObjectCheckOptions,
): Promise<{ named: number; hashed: number; failures: string[] }> {
  const { copies, all, nowMs, restoredDir, dataDir } = options;
  const lastHashed = openLedger(dataDir);
  const result = { named: 0, hashed: 0, failures: [] as string[] };
  let damaged = 0;
  const check = async (object: NamedObject) => {
    result.named += 1;
    const hash = all || isItsTurn(object.sha256, lastHashed.find(object), nowMs);
    if (hash) result.hashed += 1;
    const problem = await findProblem(copies, object, hash);
    if (problem === undefined) {
      if (hash) options.onVerified(object);
      return;
    }
    // What may be replaced was, perhaps, since the databases were restored.
    const now = findReplacement(dataDir, object.key);
    if (
      now !== undefined &&
      now !== object.sha256 &&
      (await findProblem(copies, { ...object, sha256: now }, true)) === undefined
    )
      return;
    damaged += 1;
    if (damaged <= SHOWN) result.failures.push(`The copy of ${object.key} ${problem}.`);
    options.onDamaged(object.key);
  };
  try {
    const running = new Set<Promise<void>>();
    for (const object of namedObjects(restoredDir)) {
      const work: Promise<void> = check(object).finally(() => running.delete(work));
      running.add(work);
      if (running.size >= CONCURRENCY) await Promise.race(running);
    }
    await Promise.all(running);
  } finally {
    lastHashed.close();
  }
  if (damaged > SHOWN) result.failures.push(`${damaged - SHOWN} more copies of objects are missing or changed.`);
  return result;
}

async function findProblem(copies: ObjectStore, object: NamedObject, hash: boolean): Promise<string | undefined> {
  try {
    const found = await copies.stat(object.key);
    if (!found) return 'is missing from the backup';
    if (object.sizeBytes !== undefined && found.sizeBytes !== object.sizeBytes)
      return `has ${found.sizeBytes} bytes instead of ${object.sizeBytes}`;
    if (!hash) return undefined;
    const { sha256 } = await copies.hash(object.key);
    return sha256 === object.sha256 ? undefined : `was changed: its digest is ${sha256}, not ${object.sha256}`;
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return 'is missing from the backup';
    return `cannot be read: ${(error as Error).message}`;
  }
}

/** A share of all copies has its turn each day, so that no night hashes everything. */
function isItsTurn(sha256: string, verifiedMs: number | undefined, nowMs: number): boolean {
  if (verifiedMs === undefined || nowMs - verifiedMs > HASH_EVERY_DAYS * DAY_MS) return true;
  return Number.parseInt(sha256.slice(0, 8), 16) % HASH_EVERY_DAYS === Math.floor(nowMs / DAY_MS) % HASH_EVERY_DAYS;
}

function openLedger(dataDir: string): { find(object: NamedObject): number | undefined; close(): void } {
  const file = join(dataDir, 'mirror.db');
  if (!existsSync(file)) return { find: () => undefined, close: () => undefined };
  const db = openReader(file);
  const statement = db.prepare('SELECT verified_ms FROM objects WHERE key = ? AND sha256 = ?').pluck();
  return {
    find: ({ key, sha256 }) => (statement.get(key, sha256) as number | null | undefined) ?? undefined,
    close: () => db.close(),
  };
}

function* namedObjects(dir: string): Generator<NamedObject> {
  const core = openReader(coreDatabasePath(dir));
  try {
    const packages = core.prepare(
      'SELECT DISTINCT package_sha256 AS sha256, package_size AS sizeBytes FROM app_versions',
    );
    for (const row of packages.iterate() as IterableIterator<{ sha256: string; sizeBytes: number }>)
      yield { key: packageKey(row.sha256), ...row };
    const icons = core.prepare(
      `SELECT icon_sha256 FROM apps WHERE icon_sha256 IS NOT NULL
       UNION SELECT icon_sha256 FROM app_revisions WHERE icon_sha256 IS NOT NULL`,
    );
    for (const sha256 of icons.pluck().iterate() as IterableIterator<string>) yield { key: iconKey(sha256), sha256 };
    const segments = core.prepare('SELECT object_key AS key, object_sha256 AS sha256 FROM audit_segments');
    yield* segments.iterate() as IterableIterator<NamedObject>;
  } finally {
    core.close();
  }
  const telemetry = openReader(telemetryDatabasePath(dir));
  try {
    for (const { day, sha256, kind } of listExports(telemetry)) yield { key: exportKey(kind, day), sha256 };
  } finally {
    telemetry.close();
  }
}

interface ExportRow {
  day: number;
  sha256: string;
  kind: 'aggregates' | 'raw';
}

function listExports(db: RawConnection): ExportRow[] {
  return db
    .prepare(
      `SELECT day, exported_sha256 AS sha256, 'aggregates' AS kind FROM bucket_days WHERE exported_sha256 IS NOT NULL
       UNION ALL SELECT day, exported_sha256, 'raw' FROM partitions WHERE exported_sha256 IS NOT NULL`,
    )
    .all() as ExportRow[];
}

/** The keys of telemetry's exports, as docs/telemetry-data.md names them. */
function exportKey(kind: ExportRow['kind'], day: number): string {
  return kind === 'raw'
    ? `telemetry/raw/received=${formatDay(day)}/part-0.parquet`
    : `telemetry/aggregates/day=${formatDay(day)}/part-0.parquet`;
}

/** What the live database says of an export by now: its digest, or nothing. */
function findReplacement(dataDir: string, key: string): string | undefined {
  if (!key.startsWith('telemetry/')) return undefined;
  const db = openReader(telemetryDatabasePath(dataDir));
  try {
    return listExports(db).find(({ kind, day }) => exportKey(kind, day) === key)?.sha256;
  } finally {
    db.close();
  }
}
