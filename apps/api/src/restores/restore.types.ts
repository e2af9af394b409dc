import type { DatabaseName, ObjectCount } from '@mosis/backup';

/** What a restore is asked for. */
export interface RestoreRequest {
  /** The directory to make. */
  to: string;
  /** The moment to go back to; without it, each database comes back as new as there is. */
  at?: Date | undefined;
  /** Leaves telemetry.db out: it begins empty. */
  coreOnly?: boolean | undefined;
  /** Puts missing objects back into a store that lies outside of the directory. */
  putObjects?: boolean | undefined;
}

/** Where a restore is. */
export interface RestoreStep {
  name: string;
  /** What it is at, or how it ended. */
  detail?: string;
  /** Set when it has ended. */
  durationMs?: number;
}

/** A database that came back. */
export interface RestoredDatabase {
  database: DatabaseName;
  /** The moment that it is of: when the last of it arrived in the backup. */
  moment: string;
  generation: string;
  bytes: number;
  restored_in_ms: number;
  checked_in_ms: number;
}

/** Something that was ended or decided after the moment that came back, and now is not. */
export interface UndoneChange {
  kind:
    | 'account-deleted'
    | 'account-suspended'
    | 'password-changed'
    | 'role-changed'
    | 'api-key-revoked'
    | 'ingest-key-revoked'
    | 'signing-key-deactivated'
    | 'app-deleted'
    | 'app-suspended'
    | 'app-withdrawn'
    | 'version-yanked'
    | 'review-decided';
  id: string;
  /** What a person calls it. */
  name: string;
  changed_at: string | null;
  detail: string | null;
}

/** What was not there yet at the moment that came back, in rows of core.db. */
export type MadeSince = Record<'developers' | 'apps' | 'app_versions' | 'api_keys' | 'signing_keys', number>;

/** The newest core.db there is: what came back itself, another file, or none that can be restored. */
export type NewestCore = { is: 'this' } | { is: 'other'; file: string } | { is: 'unknown' };

/** What was put right in the core.db that came back. */
export interface ReconciledCore {
  sessions_ended: number;
  tokens_ended: number;
  idempotency_claims_freed: number;
  /** Work that was under way, and is done again. */
  jobs_requeued: number;
  /** Mails that were sent since. */
  mails_sent_since: number;
  /** Mails that may have been sent, so that they are not sent again; by kind. */
  mails_held: Record<string, number>;
}

/** Where the audit chain ends, and where it was seen to end. */
export interface RestoredAudit {
  rows: number;
  last_seq: number;
  last_hash: string;
  newest_known: { seq: number; hash: string; seen_in: string } | null;
}

/** Objects, as what came back names them. */
export interface RestoredObjects {
  store: string;
  restored: ObjectCount;
  /** Packages and icons in the backup that nothing names. */
  left_in_backup: ObjectCount;
  missing: string[];
  damaged: string[];
}

/** Everything that a restore did and found; restore-report.json in the directory holds it too. */
export interface RestoreReport {
  restored_at: string;
  directory: string;
  backup: string;
  requested_moment: string | null;
  databases: RestoredDatabase[];
  /** Of what moment the core.db is that this one was compared with. */
  compared_with: string | null;
  objects: RestoredObjects;
  core: ReconciledCore;
  audit: RestoredAudit;
  telemetry: {
    raw_events: number;
    exported_again: string[];
    exports_unknown: string[];
    erasures_to_replay: string[];
    apps_unknown_to_core: string[];
  } | null;
  undone: UndoneChange[];
  made_since: MadeSince | null;
  warnings: string[];
  duration_ms: number;
}
