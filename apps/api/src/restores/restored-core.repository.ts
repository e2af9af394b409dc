import { openReader, openWriter, type RawConnection } from '@mosis/sqlite';
import { GENESIS_HASH, hashAuditRow, type ChainEnd, type UnchainedRow } from '../audit/audit-chain.js';
import type { NewestCore, ReconciledCore } from './restore.types.js';

const MAY_HAVE_BEEN_SENT = 'not sent again: it may have been sent before the restore';

/** All SQL on a core.db that came back from a backup and that no server runs on. */
export class RestoredCoreRepository {
  private constructor(private readonly db: RawConnection) {}

  static open(file: string): RestoredCoreRepository {
    return new RestoredCoreRepository(openWriter(file));
  }

  /** Opens a copy that is only compared with. */
  static openForReading(file: string): RestoredCoreRepository {
    return new RestoredCoreRepository(openReader(file));
  }

  close(): void {
    this.db.close();
  }

  /** Names of applied migrations. */
  listMigrations(): string[] {
    return this.db.prepare('SELECT name FROM schema_migrations ORDER BY name').pluck().all() as string[];
  }

  /** Where the audit rows begin that are in the file: after the last segment that was moved out of it. */
  findChainStart(): ChainEnd {
    const segment = this.db
      .prepare('SELECT last_seq AS seq, last_hash AS hash FROM audit_segments ORDER BY last_seq DESC LIMIT 1')
      .get() as ChainEnd | undefined;
    return segment ?? { seq: 0, hash: GENESIS_HASH };
  }

  /** Package ids that are in use, or were. */
  isPackageIdKnown(packageId: string): boolean {
    const known = this.db
      .prepare('SELECT 1 FROM apps WHERE package_id = ? UNION ALL SELECT 1 FROM tombstones WHERE package_id = ?')
      .get(packageId, packageId);
    return known !== undefined;
  }

  /** Answers whether a version names the package with this digest. */
  isPackageNamed(sha256: string): boolean {
    return this.db.prepare('SELECT 1 FROM app_versions WHERE package_sha256 = ? LIMIT 1').get(sha256) !== undefined;
  }

  listIcons(): Set<string> {
    const icons = this.db
      .prepare(
        `SELECT icon_sha256 FROM apps WHERE icon_sha256 IS NOT NULL
         UNION SELECT icon_sha256 FROM app_revisions WHERE icon_sha256 IS NOT NULL`,
      )
      .pluck()
      .all() as string[];
    return new Set(icons);
  }

  /** Digests of packages, in ascending order. */
  *listPackages(): Generator<string> {
    const packages = this.db.prepare('SELECT DISTINCT package_sha256 FROM app_versions ORDER BY package_sha256');
    for (const sha256 of packages.pluck().iterate()) yield sha256 as string;
  }

  listAuditSegments(): string[] {
    return this.db.prepare('SELECT object_key FROM audit_segments ORDER BY first_seq').pluck().all() as string[];
  }

  /**
   * Ends what must not come back to life, and records the restore, in one transaction. `newest` tells which mails were
   * sent since; when that is not known, none of those that wait is sent.
   */
  reconcile(
    newest: NewestCore,
    now: string,
    record: (done: ReconciledCore) => Omit<UnchainedRow, 'seq' | 'previous_hash' | 'occurred_at'>,
  ): { core: ReconciledCore; end: ChainEnd } {
    if (newest.is === 'other') this.db.prepare('ATTACH ? AS newest').run(newest.file);
    return this.db
      .transaction(() => {
        const mails = this.settleMails(newest, now);
        const core: ReconciledCore = {
          sessions_ended: this.change('DELETE FROM sessions'),
          tokens_ended: this.change('DELETE FROM one_time_tokens'),
          idempotency_claims_freed: this.change(`DELETE FROM idempotency_keys WHERE state = 'running'`),
          ...mails,
          jobs_requeued: this.change(`UPDATE jobs SET state = 'queued', updated_at = ? WHERE state = 'running'`, now),
        };
        return { core, end: this.appendAudit({ ...record(core), occurred_at: now }) };
      })
      .immediate();
  }

  /** Mails are sent once: those that the newest file says were sent are done, those that it is not sure of are held. */
  private settleMails(newest: NewestCore, now: string): Pick<ReconciledCore, 'mails_sent_since' | 'mails_held'> {
    const open = `kind LIKE 'mail.%' AND state IN ('queued', 'running')`;
    let sent = 0;
    if (newest.is === 'other') {
      // A finished job is forgotten after two weeks: one that is not there any more is done too.
      sent = this.change(
        `UPDATE jobs SET state = 'done', payload = '{}', last_error = NULL, updated_at = ? WHERE ${open}
           AND NOT EXISTS (SELECT 1 FROM newest.jobs n WHERE n.id = jobs.id AND n.state IN ('queued', 'running'))`,
        now,
      );
    }
    const unsure =
      newest.is === 'unknown'
        ? open
        : newest.is === 'this'
          ? `kind LIKE 'mail.%' AND state = 'running'`
          : `${open} AND EXISTS (SELECT 1 FROM newest.jobs n WHERE n.id = jobs.id AND n.state = 'running')`;
    const held = this.db
      .prepare(
        `UPDATE jobs SET state = 'failed', payload = '{}', last_error = ?, updated_at = ? WHERE ${unsure} RETURNING kind`,
      )
      .pluck()
      .all(MAY_HAVE_BEEN_SENT, now) as string[];
    const byKind: Record<string, number> = {};
    for (const kind of held) byKind[kind] = (byKind[kind] ?? 0) + 1;
    return { mails_sent_since: sent, mails_held: byKind };
  }

  private appendAudit(row: Omit<UnchainedRow, 'seq' | 'previous_hash'>): ChainEnd {
    const last = (this.db.prepare('SELECT seq, hash FROM audit_logs ORDER BY seq DESC LIMIT 1').get() ??
      this.findChainStart()) as ChainEnd;
    const unchained: UnchainedRow = { ...row, seq: last.seq + 1, previous_hash: last.hash };
    const chained = { ...unchained, hash: hashAuditRow(unchained) };
    const columns = Object.keys(chained);
    this.db
      .prepare(
        `INSERT INTO audit_logs (${columns.join(', ')}) VALUES (${columns.map((column) => `@${column}`).join(', ')})`,
      )
      .run(chained);
    return { seq: chained.seq, hash: chained.hash };
  }

  private change(sql: string, ...values: string[]): number {
    return this.db.prepare(sql).run(...values).changes;
  }
}
