import { Inject, Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { ObjectStore } from '@mosis/object-store';
import { CoreDatabase, type CoreRow } from '@mosis/db';
import { Clock, DAY_MS } from '../common/clock.js';
import { releaseMemory } from '../common/release-memory.js';
import { sha256Hex } from '../common/secrets.js';
import { OBJECT_STORE } from '../objects/object-store.token.js';
import { AuditThreads, type PackedRows } from './audit-thread.js';
import { AuditRepository } from './audit.repository.js';
import { SEGMENT_ROWS, readSegment } from './segment-rows.js';

/** Rows younger than this stay in the file, where they can be searched. */
const KEEP_DAYS = 180;
/** Rows that one transaction takes out of the table: some ten milliseconds of the HTTP thread. */
const DELETED_AT_ONCE = 500;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Old parts of the audit log as objects of their own, so that ten million rows do not weigh on a restore of accounts. */
@Injectable()
export class AuditSegments {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AuditRepository,
    private readonly threads: AuditThreads,
    private readonly clock: Clock,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
  ) {}

  /**
   * Moves whole segments of rows older than the keeping time. The object is stored, read back and hashed before the
   * rows leave the table, so a crash at any point leaves them in at least one place; what it leaves in both is taken
   * out of the table by the next move.
   *
   * @returns how many segments were moved
   */
  async moveOld(keepDays = KEEP_DAYS, segmentRows = SEGMENT_ROWS): Promise<number> {
    const before = new Date(this.clock.now().getTime() - keepDays * DAY_MS).toISOString();
    return this.threads.with(undefined, async (thread) => {
      let afterSeq = await this.repository.findLastMoved();
      await this.deleteUpTo(afterSeq);
      for (let moved = 0; ; moved += 1) {
        const packed = await thread.do('pack', { afterSeq, rows: segmentRows, before });
        if (!packed) return moved;
        await this.move(packed);
        afterSeq = packed.last.seq;
      }
    });
  }

  private async move({ bytes, sha256, first, last }: PackedRows): Promise<void> {
    const key = `audit/${String(first.seq).padStart(12, '0')}-${String(last.seq).padStart(12, '0')}.ndjson.gz`;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await this.objects.putBytes(key, buffer, { contentType: 'application/gzip', replace: true });
    const stored = await this.objects.hash(key);
    if (stored.sha256 !== sha256) throw new Error(`The object store did not keep ${key} as it was given.`);
    const segment = {
      first_seq: first.seq,
      last_seq: last.seq,
      object_key: key,
      object_sha256: sha256,
      first_previous_hash: first.previousHash,
      last_hash: last.hash,
      created_at: this.clock.timestamp(),
    };
    releaseMemory(bytes);
    await this.db.write((trx) => this.repository.insertSegment(trx, segment));
    await this.deleteUpTo(last.seq);
  }

  /** Takes moved rows out of the table a few at a time: all at once, requests would wait for a tenth of a second. */
  private async deleteUpTo(lastSeq: number): Promise<void> {
    for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE;) {
      deleted = await this.db.write((trx) => this.repository.deleteUpTo(trx, lastSeq, DELETED_AT_ONCE));
      await setImmediate();
    }
  }

  /** The object of a moved segment as it was stored, or what is wrong with it. */
  async fetch(segment: CoreRow<'audit_segments'>): Promise<{ bytes: Buffer } | { problem: string }> {
    const name = `Segment ${segment.first_seq}–${segment.last_seq}`;
    try {
      const bytes = await this.objects.readBytes(segment.object_key, MAX_SEGMENT_BYTES);
      if (sha256Hex(bytes) === segment.object_sha256) return { bytes };
      return { problem: `${name} was changed in the object store.` };
    } catch (error) {
      return { problem: `${name} cannot be read from the object store: ${(error as Error).message}` };
    }
  }

  /** The hash that a row of a moved segment has there; undefined when it is not there, or the object is not what it was. */
  async findHash(segment: CoreRow<'audit_segments'>, seq: number): Promise<string | undefined> {
    const fetched = await this.fetch(segment);
    if ('problem' in fetched) return undefined;
    for (const row of readSegment(fetched.bytes)) if (row.seq === seq) return row.hash;
    return undefined;
  }
}
