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

/** Rows of these that were ended since stay ended: what was revoked may be in wrong hands. */
export const ENDED_STAYS: Record<string, string> = {
  api_keys: 'revoked_at',
  ingest_keys: 'revoked_at',
  signing_keys: 'deactivated_at',
};

/** Why a table is not restored, or `undefined` when it may be. */
export function findRefusal(table: string): string | undefined {
  if (table.startsWith('sqlite_') || /^apps_(fts|labels|trigrams)/.test(table))
    return 'the database keeps it by itself';
  return REFUSED[table];
}
