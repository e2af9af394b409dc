import type { ObjectStore } from '@mosis/object-store';
import { lookThrough, openWriter, type RawConnection } from '@mosis/sqlite/connection';
import { aggregatesKey, AGGREGATES_PREFIX, RAW_PREFIX, rawKey } from '../columnar/export-keys.js';
import { ERASURE_LOG_PREFIX } from '../engine/erasures.js';
import { eventsTable } from '../storage/day-tables.js';
import { listPartitions, type PartitionRow } from '../storage/partitions.js';

/** What a telemetry.db that came back from a backup says, and what became of it. */
export interface RestoredTelemetry {
  /** What `integrity_check` found, if anything; then nothing else was looked at. */
  damage: string | undefined;
  rawEvents: number;
  /** Apps that it knows. */
  packageIds: string[];
  /** Exported files that are missing, or hold something else than it says: they are exported again. */
  exportedAgain: string[];
  /** Exported files that it knows nothing of; they stay. */
  exportsUnknown: string[];
  /** Erasures that were asked for after the moment it is of: the engine does them again when it starts. */
  erasuresToReplay: string[];
}

interface Exported {
  day: number;
  bytes: number | null;
  sha256: string;
}

/**
 * Brings a restored telemetry.db in step with the object store that it is going to work with. The engine makes the Parquet
 * copies of closed days anew by itself where their files are missing.
 */
export async function reconcileRestoredTelemetry(file: string, objects: ObjectStore): Promise<RestoredTelemetry> {
  const db = openWriter(file);
  try {
    const { structure, rows } = await lookThrough(file);
    const [damage] = [...structure, ...rows];
    const report: RestoredTelemetry = {
      damage,
      rawEvents: 0,
      packageIds: [],
      exportedAgain: [],
      exportsUnknown: [],
      erasuresToReplay: [],
    };
    if (damage !== undefined) return report;
    report.rawEvents = countRawEvents(db);
    report.packageIds = db.prepare('SELECT package_id FROM apps ORDER BY package_id').pluck().all() as string[];
    await forgetExports(db, objects, report);
    report.erasuresToReplay = await findUnknownErasures(db, objects);
    return report;
  } finally {
    db.close();
  }
}

/** Rows that are rolled up were counted then; the others are few. */
function countRawEvents(db: RawConnection): number {
  const tail = ({ day, rolled_up_to }: PartitionRow) =>
    db
      .prepare(`SELECT count(*) FROM ${eventsTable(day)} WHERE id > ?`)
      .pluck()
      .get(rolled_up_to) as number;
  return listPartitions(db).reduce((sum, partition) => sum + partition.row_count + tail(partition), 0);
}

async function forgetExports(db: RawConnection, objects: ObjectStore, report: RestoredTelemetry): Promise<void> {
  const known = new Set<string>();
  const aggregates = db
    .prepare(
      'SELECT day, exported_bytes AS bytes, exported_sha256 AS sha256 FROM bucket_days WHERE exported_sha256 IS NOT NULL',
    )
    .all() as Exported[];
  for (const each of aggregates) {
    const key = aggregatesKey(each.day);
    known.add(key);
    if (await isStored(objects, key, each)) continue;
    db.prepare(
      `UPDATE bucket_days SET exported_version = NULL, exported_rows = NULL, exported_bytes = NULL,
         exported_sha256 = NULL, exported_ms = NULL WHERE day = ?`,
    ).run(each.day);
    report.exportedAgain.push(key);
  }
  const raw = db
    .prepare(
      `SELECT day, iif(exported_sha256 = archive_sha256, archive_bytes, NULL) AS bytes, exported_sha256 AS sha256
         FROM partitions WHERE exported_sha256 IS NOT NULL`,
    )
    .all() as Exported[];
  for (const each of raw) {
    const key = rawKey(each.day);
    known.add(key);
    if (await isStored(objects, key, each)) continue;
    db.prepare('UPDATE partitions SET exported_sha256 = NULL, exported_ms = NULL WHERE day = ?').run(each.day);
    report.exportedAgain.push(key);
  }
  for (const prefix of [AGGREGATES_PREFIX, RAW_PREFIX])
    for await (const { key } of objects.list(prefix)) if (!known.has(key)) report.exportsUnknown.push(key);
}

/** The size tells most differences without reading; the digest tells the rest. */
async function isStored(objects: ObjectStore, key: string, { bytes, sha256 }: Exported): Promise<boolean> {
  const stored = await objects.stat(key);
  if (!stored || (bytes !== null && stored.sizeBytes !== bytes)) return false;
  return (await objects.hash(key)).sha256 === sha256;
}

async function findUnknownErasures(db: RawConnection, objects: ObjectStore): Promise<string[]> {
  const isKnown = db.prepare('SELECT 1 FROM erasures WHERE erasure = ?').pluck();
  const unknown: string[] = [];
  for await (const { key } of objects.list(ERASURE_LOG_PREFIX)) {
    const erasure = key.slice(ERASURE_LOG_PREFIX.length, -'.json'.length);
    if (isKnown.get(erasure) === undefined) unknown.push(erasure);
  }
  return unknown;
}
