import type { Database } from 'better-sqlite3';
import { GENESIS_HASH, hashAuditRow } from '../../lib/internals-api.ts';
import type { Progress } from '../../lib/progress.ts';
import type { Random } from '../../lib/random.ts';
import type { StoredApp } from './apps-writer.ts';
import type { Person } from './people-writer.ts';

const ACTIONS = ['version.uploaded', 'version.submitted', 'review.claimed', 'review.approved', 'version.published'];
const CHUNK = 20_000;

/**
 * Writes so many audit rows, each chained to the one before by the server's own hash. Indexes are made at the end: ten
 * million rows put into them one by one take many times as long.
 */
export function writeAudit(
  db: Database,
  random: Random,
  {
    rows,
    startMs,
    apps,
    people,
  }: { rows: number; startMs: number; apps: readonly StoredApp[]; people: readonly Person[] },
  progress: Progress,
): void {
  const indexes = db
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'audit_logs' AND sql IS NOT NULL`)
    .all() as { name: string; sql: string }[];
  for (const { name } of indexes) db.exec(`DROP INDEX ${name}`);
  const insert = db.prepare(
    `INSERT INTO audit_logs (seq, occurred_at, actor_kind, actor_id, credential_id, action, subject_kind, subject_id, data,
       request_id, previous_hash, hash) VALUES (?, ?, 'developer', ?, NULL, ?, 'version', ?, ?, ?, ?, ?)`,
  );
  const withVersions = apps.filter(({ versionIds }) => versionIds.length > 0);
  let previousHash = GENESIS_HASH;
  for (let first = 1; first <= rows; first += CHUNK) {
    db.exec('BEGIN');
    for (let seq = first; seq < Math.min(first + CHUNK, rows + 1); seq += 1) {
      const app = withVersions[Math.floor((seq / (rows + 1)) * withVersions.length)] as StoredApp;
      const row = {
        seq,
        occurred_at: new Date(startMs + seq * 6_000).toISOString(),
        actor_kind: 'developer' as const,
        actor_id: (people[random.below(people.length)] as Person).id,
        credential_id: null,
        action: ACTIONS[seq % ACTIONS.length] as string,
        subject_kind: 'version',
        subject_id: app.versionIds[seq % app.versionIds.length] as string,
        data: JSON.stringify({ package_id: app.packageId, version_code: 1 + (seq % 80) }),
        request_id: random.uuid(),
        previous_hash: previousHash,
      };
      previousHash = hashAuditRow(row);
      insert.run(
        seq,
        row.occurred_at,
        row.actor_id,
        row.action,
        row.subject_id,
        row.data,
        row.request_id,
        row.previous_hash,
        previousHash,
      );
    }
    db.exec('COMMIT');
    progress.at(Math.min(first + CHUNK - 1, rows));
  }
  for (const { sql } of indexes) db.exec(sql);
}
