import { Injectable } from '@nestjs/common';
import { CoreDatabase, type CoreHandle, type CoreRow, type CoreTransaction } from '@mosis/db';
import type { ChainEnd } from './audit-chain.js';

/** Filters of the audit log. */
export interface AuditFilter {
  action?: string | undefined;
  actor_id?: string | undefined;
  subject_kind?: string | undefined;
  subject_id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  beforeSeq?: number | undefined;
}

/** All SQL of the audit log. */
@Injectable()
export class AuditRepository {
  constructor(private readonly db: CoreDatabase) {}

  async findEnd(handle: CoreHandle = this.db.read): Promise<ChainEnd | undefined> {
    const row = await handle
      .selectFrom('audit_logs')
      .select(['seq', 'hash'])
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (row) return row;
    const segment = await handle
      .selectFrom('audit_segments')
      .select(['last_seq as seq', 'last_hash as hash'])
      .orderBy('last_seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    return segment;
  }

  /** The hash of a row that is in the table. */
  async findHash(seq: number): Promise<string | undefined> {
    const row = await this.db.read.selectFrom('audit_logs').select('hash').where('seq', '=', seq).executeTakeFirst();
    return row?.hash;
  }

  /** The moved segment that a row went with. */
  async findSegmentWith(seq: number): Promise<CoreRow<'audit_segments'> | undefined> {
    return this.db.read
      .selectFrom('audit_segments')
      .selectAll()
      .where('first_seq', '<=', seq)
      .where('last_seq', '>=', seq)
      .executeTakeFirst();
  }

  async insert(trx: CoreTransaction, row: CoreRow<'audit_logs'>): Promise<void> {
    await trx.insertInto('audit_logs').values(row).execute();
  }

  /** Moved segments, oldest first. */
  async listSegments(): Promise<CoreRow<'audit_segments'>[]> {
    return this.db.read.selectFrom('audit_segments').selectAll().orderBy('first_seq').execute();
  }

  async insertSegment(trx: CoreTransaction, segment: CoreRow<'audit_segments'>): Promise<void> {
    await trx.insertInto('audit_segments').values(segment).execute();
  }

  /** The last row of the segments that were moved; 0 when none was. */
  async findLastMoved(): Promise<number> {
    const { last } = await this.db.read
      .selectFrom('audit_segments')
      .select((eb) => eb.fn.max('last_seq').as('last'))
      .executeTakeFirstOrThrow();
    return last ?? 0;
  }

  /** Takes the first rows up to one out of the table; answers how many these were, which is less than `limit` at the end. */
  async deleteUpTo(trx: CoreTransaction, lastSeq: number, limit: number): Promise<number> {
    const { numDeletedRows } = await trx
      .deleteFrom('audit_logs')
      .where('seq', 'in', (eb) =>
        eb.selectFrom('audit_logs').select('seq').where('seq', '<=', lastSeq).orderBy('seq').limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Newest first; runs where a filter without an index can be ended. */
  async search(filter: AuditFilter, limit: number): Promise<CoreRow<'audit_logs'>[]> {
    let query = this.db.scan.selectFrom('audit_logs').selectAll().orderBy('seq', 'desc').limit(limit);
    if (filter.action) query = query.where('action', '=', filter.action);
    if (filter.actor_id) query = query.where('actor_id', '=', filter.actor_id);
    if (filter.subject_kind) query = query.where('subject_kind', '=', filter.subject_kind);
    if (filter.subject_id) query = query.where('subject_id', '=', filter.subject_id);
    if (filter.from) query = query.where('occurred_at', '>=', filter.from);
    if (filter.to) query = query.where('occurred_at', '<', filter.to);
    if (filter.beforeSeq) query = query.where('seq', '<', filter.beforeSeq);
    return query.execute();
  }
}
