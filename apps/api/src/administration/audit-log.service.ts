import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import { AuditSegments } from '../audit/audit-segments.js';
import { AuditService } from '../audit/audit.service.js';
import { DAY_MS } from '../common/clock.js';
import { decodeCursor, toPage, type PageRequest } from '../common/pagination.js';
import { JobsService } from '../jobs/jobs.service.js';

/** Reading the audit log, and its nightly verification. */
@Injectable()
export class AuditLogService implements OnModuleInit {
  constructor(
    private readonly repository: AuditRepository,
    private readonly audit: AuditService,
    private readonly segments: AuditSegments,
    private readonly jobs: JobsService,
  ) {}

  onModuleInit(): void {
    this.jobs.register('audit.verify', () => this.audit.verify(), { everyMs: DAY_MS, lane: 'checks' });
    const move = async () => ({ moved: await this.segments.moveOld() });
    this.jobs.register('audit.move-old-segments', move, { everyMs: DAY_MS, lane: 'slow' });
  }

  /** Rows that pass the filters, newest first. */
  async search(
    query: PageRequest & {
      action?: string | undefined;
      actor_id?: string | undefined;
      subject_kind?: string | undefined;
      subject_id?: string | undefined;
      from?: string | undefined;
      to?: string | undefined;
    },
  ) {
    const { action, actor_id, subject_kind, subject_id, from, to } = query;
    const owner = ['audit', action, actor_id, subject_kind, subject_id, from, to] as const;
    const [beforeSeq] = query.cursor ? decodeCursor(owner, query.cursor, ['number']) : [undefined];
    const utc = (time: string | undefined) => time && new Date(time).toISOString();
    const rows = await this.repository.search(
      { ...query, from: utc(query.from), to: utc(query.to), beforeSeq },
      query.limit + 1,
    );
    return toPage(
      owner,
      rows,
      query.limit,
      (row) => [row.seq],
      ({ previous_hash: _previous, ...row }) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }),
    );
  }
}
