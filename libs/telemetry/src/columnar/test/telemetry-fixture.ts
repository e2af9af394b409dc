import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawConnection } from '@mosis/sqlite/connection';
import { RoaringBitmap32, withBitmaps, writeBitmap } from '../../bitmaps.js';
import type { ColumnarState } from '../../engine/columnar-state.js';
import { eventsTable, eventsTableSql } from '../../storage/day-tables.js';
import { parseDay } from '../../storage/days.js';
import type { PartitionRow } from '../../storage/partitions.js';
import { migrateTelemetry, openTelemetryWriter } from '../../storage/telemetry-file.js';
import { CONTEXT_COLUMNS } from '../dictionaries.js';

/** One event as a test puts it down. */
export interface TestEvent {
  packageId?: string;
  device?: number;
  session?: number;
  timeMs: number;
  type?: string;
  flags?: number;
  data?: Record<string, unknown> | null;
  context?: Partial<Record<(typeof CONTEXT_COLUMNS)[number], string>>;
}

interface BucketDayRow {
  day: number;
  version: number;
  changed_ms: number;
  exported_version: number | null;
  exported_rows: number | null;
  exported_bytes: number | null;
  exported_sha256: string | null;
}

/** A migrated telemetry.db in a folder of its own, filled by hand. */
export class TelemetryFixture {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'columnar-'));
  readonly db: RawConnection;
  readonly closed = new Set<number>();

  constructor() {
    migrateTelemetry(this.dataDir);
    this.db = openTelemetryWriter(this.dataDir);
  }

  dispose(): void {
    this.db.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  app(packageId: string): number {
    const found = this.#one('SELECT app FROM apps WHERE package_id = ?', packageId);
    if (found !== undefined) return found;
    this.db.prepare('INSERT INTO apps (package_id, pseudonym_key) VALUES (?, ?)').run(packageId, Buffer.alloc(32));
    return this.app(packageId);
  }

  word(app: number, kind: string, value: string | undefined): number {
    if (value === undefined) return 0;
    const found = this.#one('SELECT word FROM words WHERE app = ? AND kind = ? AND value = ?', app, kind, value);
    if (found !== undefined) return found;
    this.db.prepare('INSERT INTO words (app, kind, value) VALUES (?, ?, ?)').run(app, kind, value);
    return this.word(app, kind, value);
  }

  context(app: number, context: TestEvent['context'] = {}): number {
    const words = CONTEXT_COLUMNS.map((name) => this.word(app, name, context[name]));
    const is = CONTEXT_COLUMNS.map((name) => `${name} = ?`).join(' AND ');
    const found = this.#one(`SELECT context FROM contexts WHERE app = ? AND ${is}`, app, ...words);
    if (found !== undefined) return found;
    const insert = `INSERT INTO contexts (app, ${CONTEXT_COLUMNS.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
    this.db.prepare(insert).run(app, ...words);
    return this.context(app, context);
  }

  /** Puts events into a partition, `YYYY-MM-DD`, in one transaction; the partition is closed unless it is `open`. */
  receive(day: string, events: readonly TestEvent[], options: { open?: boolean } = {}): number {
    const partition = parseDay(day);
    this.db.exec(eventsTableSql(partition));
    this.db.prepare('INSERT OR IGNORE INTO partitions (day) VALUES (?)').run(partition);
    if (options.open) this.closed.delete(partition);
    else this.closed.add(partition);
    const insert = this.db.prepare(
      `INSERT INTO ${eventsTable(partition)} (app, device, session, time_ms, type, context, flags, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.db.transaction(() => {
      for (const event of events) {
        const app = this.app(event.packageId ?? 'com.dev.one');
        const type = this.word(app, 'type', event.type ?? 'screen_view');
        const data = event.data == null ? null : JSON.stringify(event.data);
        const context = this.context(app, event.context);
        insert.run(app, event.device ?? 0, event.session ?? 1, event.timeMs, type, context, event.flags ?? 0, data);
      }
    })();
    return partition;
  }

  /** Takes a device's rows out of a partition, as an erasure does. */
  erase(day: string, device: number): void {
    const partition = parseDay(day);
    this.db.prepare(`DELETE FROM ${eventsTable(partition)} WHERE device = ?`).run(device);
    this.db.prepare('UPDATE partitions SET revision = revision + 1 WHERE day = ?').run(partition);
  }

  bots(packageId: string, day: string, devices: number[]): void {
    const sql = 'INSERT OR REPLACE INTO bot_days (app, day, devices) VALUES (?, ?, ?)';
    this.db.prepare(sql).run(this.app(packageId), parseDay(day), bitmapOf(devices));
  }

  /** What the columnar side asks of the owner of telemetry.db, answered by this file. */
  get state(): ColumnarState {
    const { db, closed } = this;
    return {
      listPartitions: async () =>
        (db.prepare('SELECT * FROM partitions').all() as PartitionRow[]).map((row) => ({
          day: row.day,
          rowCount: row.row_count,
          revision: row.revision,
          closed: closed.has(row.day),
          archive: row.archive_sha256
            ? {
                revision: row.archive_revision ?? -1,
                rows: row.archive_rows ?? 0,
                bytes: row.archive_bytes ?? 0,
                sha256: row.archive_sha256,
              }
            : null,
          exportedSha256: row.exported_sha256 ?? null,
        })),
      listBucketDays: async () =>
        (db.prepare('SELECT * FROM bucket_days').all() as BucketDayRow[]).map((row) => ({
          day: row.day,
          version: row.version,
          changedMs: row.changed_ms,
          exported:
            row.exported_version === null
              ? null
              : {
                  version: row.exported_version,
                  rows: row.exported_rows ?? 0,
                  bytes: row.exported_bytes ?? 0,
                  sha256: row.exported_sha256 ?? '',
                },
        })),
      recordArchive: async (day, { revision, rows, bytes, sha256 }) =>
        db
          .prepare(
            `UPDATE partitions SET archive_revision = ?, archive_rows = ?, archive_bytes = ?, archive_sha256 = ?
             WHERE day = ? AND revision = ?`,
          )
          .run(revision, rows, bytes, sha256, day, revision).changes === 1,
      recordRawExport: async (day, sha256) => {
        db.prepare('UPDATE partitions SET exported_sha256 = ? WHERE day = ?').run(sha256, day);
      },
      recordExport: async (day, { version, rows, bytes, sha256 }) => {
        db.prepare(
          `UPDATE bucket_days SET exported_version = ?, exported_rows = ?, exported_bytes = ?, exported_sha256 = ?
           WHERE day = ?`,
        ).run(version, rows, bytes, sha256, day);
      },
      recordPurged: async (day, version) => {
        db.prepare(
          'UPDATE bucket_days SET exported_version = ?, exported_rows = NULL, exported_bytes = NULL, exported_sha256 = NULL WHERE day = ?',
        ).run(version, day);
      },
    };
  }

  #one(sql: string, ...parameters: unknown[]): number | undefined {
    return this.db.prepare(sql).pluck().get(parameters) as number | undefined;
  }
}

/** The portable bitmap of some devices. */
export function bitmapOf(devices: number[]): Buffer {
  return withBitmaps(() => writeBitmap(new RoaringBitmap32(devices)));
}
