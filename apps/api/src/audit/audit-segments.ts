import { Inject, Injectable } from '@nestjs/common';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ObjectStore } from '@mosis/object-store';
import { CoreDatabase, type CoreRow } from '@mosis/db';
import { Clock, DAY_MS } from '../common/clock.js';
import { sha256Hex } from '../common/secrets.js';
import { OBJECT_STORE } from '../objects/object-store.token.js';
import { AuditRepository } from './audit.repository.js';

/** Rows of one moved segment: large enough to be few, small enough to be held in memory. */
export const SEGMENT_ROWS = 10_000;
/** Rows younger than this stay in the file, where they can be searched. */
const KEEP_DAYS = 180;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Old parts of the audit log as objects of their own, so that ten million rows do not weigh on a restore of accounts. */
@Injectable()
export class AuditSegments {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AuditRepository,
    private readonly clock: Clock,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
  ) {}

  /**
   * Moves whole segments of rows older than the keeping time. The object is stored, read back and compared before the
   * rows leave the table, so a crash at any point leaves them in at least one place.
   *
   * @returns how many segments were moved
   */
  async moveOld(keepDays = KEEP_DAYS, segmentRows = SEGMENT_ROWS): Promise<number> {
    const before = new Date(this.clock.now().getTime() - keepDays * DAY_MS).toISOString();
    let moved = 0;
    for (;;) {
      const segments = await this.repository.listSegments();
      const rows = await this.repository.listAfter(segments.at(-1)?.last_seq ?? 0, segmentRows);
      const [first, last] = [rows[0], rows.at(-1)];
      if (!first || !last || rows.length < segmentRows || last.occurred_at >= before) return moved;
      const bytes = gzipSync(rows.map((row) => JSON.stringify(row)).join('\n'));
      const key = `audit/${String(first.seq).padStart(12, '0')}-${String(last.seq).padStart(12, '0')}.ndjson.gz`;
      await this.objects.putBytes(key, bytes, { contentType: 'application/gzip', replace: true });
      const stored = await this.objects.readBytes(key, MAX_SEGMENT_BYTES);
      if (!stored.equals(bytes)) throw new Error(`The object store did not keep ${key} as it was given.`);
      const segment = {
        first_seq: first.seq,
        last_seq: last.seq,
        object_key: key,
        object_sha256: sha256Hex(bytes),
        first_previous_hash: first.previous_hash,
        last_hash: last.hash,
        created_at: this.clock.timestamp(),
      };
      await this.db.write((trx) => this.repository.moveSegment(trx, segment));
      moved += 1;
    }
  }

  /** Feeds the rows of a moved segment to `add`; answers what is wrong with its object, if anything is. */
  async read(
    segment: CoreRow<'audit_segments'>,
    add: (row: CoreRow<'audit_logs'>) => void,
  ): Promise<string | undefined> {
    const name = `Segment ${segment.first_seq}–${segment.last_seq}`;
    let bytes: Buffer;
    try {
      bytes = await this.objects.readBytes(segment.object_key, MAX_SEGMENT_BYTES);
    } catch (error) {
      return `${name} cannot be read from the object store: ${(error as Error).message}`;
    }
    if (sha256Hex(bytes) !== segment.object_sha256) return `${name} was changed in the object store.`;
    for (const line of gunzipSync(bytes).toString('utf8').split('\n')) add(JSON.parse(line) as CoreRow<'audit_logs'>);
    return undefined;
  }
}
