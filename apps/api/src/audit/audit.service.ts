import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type ActorKind, type CoreTransaction } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { Clock } from '../common/clock.js';
import { releaseMemory } from '../common/release-memory.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { GENESIS_HASH, hashAuditRow, type ChainEnd, type UnchainedRow } from './audit-chain.js';
import { AuditHead } from './audit-head.js';
import { AuditRepository } from './audit.repository.js';
import { AuditSegments } from './audit-segments.js';
import { AuditThreads } from './audit-thread.js';

/** Who did something, without anything personal. */
export interface AuditActor {
  kind: ActorKind;
  id: string | null;
  credentialId: string | null;
  requestId: string | null;
}

/** The server itself. */
export const SYSTEM: AuditActor = { kind: 'system', id: null, credentialId: null, requestId: null };

/** What was done to what. `data` holds ids, states and digests: no names, addresses or free text of a person. */
export interface AuditEvent {
  action: string;
  subject: { kind: string; id: string };
  data?: Record<string, unknown>;
}

/** The outcome of walking the whole chain. */
export interface ChainReport {
  ok: boolean;
  rows: number;
  archivedRows: number;
  lastSeq: number;
  problem: string | null;
}

/** The audit actor of a request's actor. */
export function auditActor(actor: Actor): AuditActor {
  const { credential } = actor;
  return credential.kind === 'api_key'
    ? { kind: 'api_key', id: actor.developerId, credentialId: credential.id, requestId: actor.requestId }
    : { kind: 'developer', id: actor.developerId, credentialId: null, requestId: actor.requestId };
}

/** The head is written at most this often; a crash leaves it at most this far behind. */
const HEAD_DELAY_MS = 20;

/** The append-only, hash-chained record of every change of meaning. */
@Injectable()
export class AuditService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly head: AuditHead;
  private headTimer: NodeJS.Timeout | undefined;
  private headWritten: Promise<void> = Promise.resolve();
  private complained = false;

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AuditRepository,
    private readonly segments: AuditSegments,
    private readonly threads: AuditThreads,
    private readonly clock: Clock,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.head = new AuditHead(settings.dataDir);
  }

  onModuleInit(): void {
    this.db.onCommit(() => {
      this.headTimer ??= setTimeout(() => this.writeHead(), HEAD_DELAY_MS);
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.headTimer) {
      clearTimeout(this.headTimer);
      this.writeHead();
    }
    await this.headWritten;
  }

  /** Adds a row to the chain inside the transaction of the change that it records: both happen, or neither. */
  async append(trx: CoreTransaction, actor: AuditActor, event: AuditEvent): Promise<void> {
    const last = await this.repository.findEnd(trx);
    const row: UnchainedRow = {
      seq: (last?.seq ?? 0) + 1,
      occurred_at: this.clock.timestamp(),
      actor_kind: actor.kind,
      actor_id: actor.id,
      credential_id: actor.credentialId,
      action: event.action,
      subject_kind: event.subject.kind,
      subject_id: event.subject.id,
      data: JSON.stringify(event.data ?? {}),
      request_id: actor.requestId,
      previous_hash: last?.hash ?? GENESIS_HASH,
    };
    await this.repository.insert(trx, { ...row, hash: hashAuditRow(row) });
  }

  /** Walks the whole chain, moved segments first, and holds its end against the head outside the file. */
  async verify(onProgress?: (rows: number) => void): Promise<ChainReport> {
    const head = await this.head.read();
    return this.threads.with(head, async (thread) => {
      let archivedRows = 0;
      let lastSeq = 0;
      for (const segment of await this.repository.listSegments()) {
        const fetched = await this.segments.fetch(segment);
        if ('problem' in fetched) {
          return { ok: false, rows: archivedRows, archivedRows, lastSeq, problem: fetched.problem };
        }
        const walked = await thread.do('segment', fetched);
        releaseMemory(fetched.bytes);
        archivedRows = walked.rows;
        lastSeq = walked.end.seq;
        onProgress?.(archivedRows);
      }
      const { rows, end, problem, isHeadThere } = await thread.do('live', {}, onProgress);
      const found = problem ?? problemWithHead(head, end, isHeadThere);
      return { ok: found === undefined, rows, archivedRows, lastSeq: end.seq, problem: found ?? null };
    });
  }

  private writeHead(): void {
    this.headTimer = undefined;
    this.headWritten = this.headWritten
      .then(async () => {
        const end = await this.repository.findEnd();
        if (!end) return;
        const head = await this.head.read();
        if (head && !(await this.isOnChain(head))) this.complainOnce(head);
        else await this.head.write(end);
      })
      .catch((error: unknown) => this.logger.error({ msg: 'could not write the audit head', err: error }));
  }

  /** Whether the chain still has the row that the head has seen. */
  private async isOnChain(head: ChainEnd): Promise<boolean> {
    const row = await this.repository.findHash(head.seq);
    if (row !== undefined) return row === head.hash;
    const segment = await this.repository.findSegmentWith(head.seq);
    if (!segment) return false;
    return (await this.segments.findHash(segment, head.seq)) === head.hash;
  }

  /** Moved on, the head would no longer show what is missing: it stays until somebody has looked. */
  private complainOnce(head: ChainEnd): void {
    if (this.complained) return;
    this.complained = true;
    this.logger.error({
      msg: `the audit log no longer has row ${head.seq} as it was written: rows were cut off or changed, or core.db is an older copy. The head stays where it is until audit-head.json is removed, which is right after a restore and only then; "mosis audit verify" says more`,
    });
  }
}

/** What the head outside the file says of the rows that were walked. */
function problemWithHead(
  head: ChainEnd | undefined,
  end: ChainEnd,
  isHeadThere: boolean | undefined,
): string | undefined {
  if (!head) return undefined;
  if (head.seq > end.seq) {
    return `Rows ${end.seq + 1} to ${head.seq} are missing at the end: the head outside the file (audit-head.json) has seen them.`;
  }
  return isHeadThere
    ? undefined
    : `Row ${head.seq} is not the one that the head outside the file (audit-head.json) has seen.`;
}
