import type { WriterThread } from '../writer/writer-thread.js';
import type { BucketDayState, ColumnarState, PartitionState } from './columnar-state.js';

/** What the columnar side is told of telemetry.db, and has recorded there, through the one thread that writes it. */
export class WriterColumnarState implements ColumnarState {
  constructor(private readonly writer: WriterThread) {}

  async listPartitions(): Promise<PartitionState[]> {
    const rows = await this.writer.call('listPartitions');
    const newest = rows.at(-1)?.day;
    return rows.map((row) => ({
      day: row.day,
      rowCount: row.row_count,
      revision: row.revision,
      // Only the newest is written to: the day of receipt never goes back.
      closed: row.day !== newest,
      archive:
        row.archive_revision === null
          ? null
          : {
              revision: row.archive_revision,
              rows: row.archive_rows ?? 0,
              bytes: row.archive_bytes ?? 0,
              sha256: row.archive_sha256 ?? '',
            },
      exportedSha256: row.exported_sha256,
    }));
  }

  async listBucketDays(): Promise<BucketDayState[]> {
    const rows = await this.writer.call('listBucketDays');
    return rows.map((row) => ({
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
    }));
  }

  async recordArchive(
    day: number,
    copy: { revision: number; rows: number; bytes: number; sha256: string },
  ): Promise<boolean> {
    return (await this.writer.call('recordArchive', { day, ...copy })).recorded;
  }

  async recordRawExport(day: number, sha256: string | null): Promise<void> {
    await this.writer.call('recordRawExport', { day, sha256 });
  }

  async recordExport(
    day: number,
    copy: { version: number; rows: number; bytes: number; sha256: string },
  ): Promise<void> {
    await this.writer.call('recordExport', { day, ...copy });
  }

  async recordPurged(day: number, version: number): Promise<void> {
    await this.writer.call('recordPurged', { day, version });
  }
}
