/** Tables that are not restored by themselves, and why. */
const REFUSED: Record<string, string> = {
  audit_logs:
    'each audit row continues the one before it, so no row can be put back between others. Restore to a directory instead (mosis restore --to)',
  audit_segments: 'moved audit rows hang together with audit_logs. Restore to a directory instead (mosis restore --to)',
  schema_migrations:
    'it says what shape the file has, which restoring rows does not change. mosis db restore-point goes back behind a migration',
  sessions: 'sessions end and do not come back; people sign in again',
  one_time_tokens: 'links in mails end and do not come back; they are asked for again',
  idempotency_keys: 'the answers in it are kept for a day and belong to requests of that day',
  jobs: 'work and mails of the past would be done a second time',
  pending_objects: 'it belongs to uploads that are under way',
};

/**
 * Tables whose rows have a life that triggers hold: a row starts as a draft and is reviewed. Rows that had gone further come
 * back only with those triggers off, and what they guard is looked at afterwards.
 */
export const GUARDED_TABLES = ['apps', 'app_revisions', 'app_versions', 'reviews', 'check_results'];

/** What a row that changed since must not lose by being set to what it was. */
export interface KeptEnd {
  /** Each ends the row, or takes it out of use, while it is filled. */
  columns: readonly string[];
  /** A column that says how much is allowed, and its values from the least to the most: it is not raised. */
  rank?: { column: string; ascending: readonly string[] };
}

/** Keys that were ended since stay ended, whatever is asked for: what was revoked may be in wrong hands. */
const ENDED_KEYS: Record<string, KeptEnd> = {
  api_keys: { columns: ['revoked_at'] },
  ingest_keys: { columns: ['revoked_at'] },
  signing_keys: { columns: ['deactivated_at'] },
};

/** Somebody decided these since, and a restore for another reason must not undo it by the way. */
const DECIDED_ENDS: Record<string, KeptEnd> = {
  developers: {
    columns: ['deleted_at', 'suspended_at'],
    rank: { column: 'role', ascending: ['developer', 'reviewer', 'admin'] },
  },
  apps: { columns: ['suspended_at', 'withdrawn_at'] },
  app_versions: { columns: ['yanked_at'] },
};

/** What rows of a table keep; with `revive`, only what nothing undoes. */
export function findKeptEnd(table: string, revive: boolean): KeptEnd | undefined {
  return ENDED_KEYS[table] ?? (revive ? undefined : DECIDED_ENDS[table]);
}

/** Whether `revive` sets rows of a table back that stay as they are without it. */
export function canRevive(table: string): boolean {
  return table in DECIDED_ENDS;
}

/** Why a table is not restored, or `undefined` when it may be. */
export function findRefusal(table: string): string | undefined {
  if (table.startsWith('sqlite_') || /^apps_(fts|labels|trigrams)/.test(table))
    return 'the database keeps it by itself';
  return REFUSED[table];
}
