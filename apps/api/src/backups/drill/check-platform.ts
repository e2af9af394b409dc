import type { CoreRow } from '@mosis/db';
import type { ObjectStore } from '@mosis/object-store';
import { openReader, type RawConnection } from '@mosis/sqlite/connection';
import { plural } from '../../common/format.js';
import { ChainVerifier, type ChainEnd } from '../../audit/audit-chain.js';
import { readSegment } from '../../audit/segment-rows.js';
import { sha256Hex } from '../../common/secrets.js';

const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** What must hold of core.db whatever has happened, each as a count of rows that break it. */
const INVARIANTS: { broken: [one: string, several: string]; sql: string }[] = [
  {
    broken: [
      'version is approved or published without an approved review of the same subject',
      'versions are approved or published without an approved review of the same subject',
    ],
    sql: `SELECT count(*) FROM app_versions v WHERE v.status IN ('approved', 'published') AND NOT EXISTS (
            SELECT 1 FROM reviews r WHERE r.version_id = v.id AND r.kind = 'version' AND r.decision = 'approved'
               AND r.subject_sha256 = v.subject_sha256)`,
  },
  {
    broken: [
      'published version has a required check that did not pass',
      'published versions have a required check that did not pass',
    ],
    sql: `SELECT count(*) FROM app_versions v WHERE v.status = 'published' AND EXISTS (
            SELECT 1 FROM check_results c WHERE c.version_id = v.id AND c.required = 1 AND c.status != 'passed'
               AND c.run = (SELECT max(run) FROM check_results l WHERE l.version_id = v.id AND l.name = c.name))`,
  },
  {
    broken: [
      'published app shows a page that is not its reviewed listing',
      'published apps show pages that are not their reviewed listings',
    ],
    sql: `SELECT count(*) FROM apps a WHERE a.first_published_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM app_revisions r WHERE r.id = a.live_revision_id AND r.state = 'live' AND r.name = a.name
               AND r.description = a.description AND r.category = a.category AND r.tags = a.tags
               AND r.icon_sha256 IS a.icon_sha256)`,
  },
  {
    broken: ['version is signed by a key of somebody else', 'versions are signed by keys of somebody else'],
    sql: `SELECT count(*) FROM app_versions v JOIN apps a ON a.id = v.app_id JOIN signing_keys k ON k.id = v.signing_key_id
           WHERE k.developer_id != a.developer_id`,
  },
  {
    broken: ['app has a version code above its highest one', 'apps have a version code above their highest one'],
    sql: `SELECT count(*) FROM apps a WHERE a.highest_version_code <
            (SELECT coalesce(max(version_code), 0) FROM app_versions v WHERE v.app_id = a.id)`,
  },
  {
    broken: ['review was decided by the owner of the app', 'reviews were decided by the owner of the app'],
    sql: `SELECT count(*) FROM reviews r JOIN apps a ON a.id = r.app_id
           WHERE r.decision IN ('approved', 'rejected') AND r.self_review = 0 AND r.reviewer_id = a.developer_id`,
  },
  {
    broken: ['app has a package id that is retired', 'apps have a package id that is retired'],
    sql: 'SELECT count(*) FROM apps a JOIN tombstones t ON t.package_id = a.package_id',
  },
];

/** Holds the platform's invariants against a restored core.db. */
export function checkInvariants(file: string): string[] {
  const db = openReader(file);
  try {
    return INVARIANTS.flatMap(({ broken, sql }) => {
      const count = db.prepare(sql).pluck().get() as number;
      return count > 0 ? [`core.db: ${plural(count, ...broken)}.`] : [];
    });
  } finally {
    db.close();
  }
}

/** Walks the audit chain of a restored core.db from its first row, moved segments from the copies of objects included. */
export async function checkAuditChain(
  file: string,
  copies: ObjectStore,
  head: ChainEnd | undefined,
): Promise<{ rows: number; failures: string[] }> {
  const db = openReader(file);
  try {
    const verifier = new ChainVerifier();
    let headSeen = head === undefined;
    const add = (row: CoreRow<'audit_logs'>) => {
      verifier.add(row);
      if (row.seq === head?.seq) headSeen = row.hash === head.hash;
    };
    const problem = (await readSegments(db, copies, add)) ?? readRows(db, verifier, add);
    const broken = problem ?? verifier.problem;
    if (broken !== undefined) return { rows: verifier.rows, failures: [`The audit chain is broken: ${broken}`] };
    if (headSeen) return { rows: verifier.rows, failures: [] };
    return {
      rows: verifier.rows,
      failures: [
        `The audit chain lacks row ${head?.seq} as it was seen before this verification (audit-head.json): it ends at row ${verifier.end.seq}.`,
      ],
    };
  } finally {
    db.close();
  }
}

async function readSegments(
  db: RawConnection,
  copies: ObjectStore,
  add: (row: CoreRow<'audit_logs'>) => void,
): Promise<string | undefined> {
  const segments = db.prepare('SELECT * FROM audit_segments ORDER BY first_seq').all() as CoreRow<'audit_segments'>[];
  for (const { object_key, object_sha256 } of segments) {
    const bytes = await copies.readBytes(object_key, MAX_SEGMENT_BYTES).catch((error: Error) => error);
    if (bytes instanceof Error) return `the copy of ${object_key} cannot be read: ${bytes.message}`;
    if (sha256Hex(bytes) !== object_sha256) return `the copy of ${object_key} was changed.`;
    for (const row of readSegment(bytes)) add(row);
  }
  return undefined;
}

function readRows(db: RawConnection, verifier: ChainVerifier, add: (row: CoreRow<'audit_logs'>) => void): undefined {
  const rows = db.prepare('SELECT * FROM audit_logs WHERE seq > ? ORDER BY seq').iterate(verifier.end.seq);
  for (const row of rows) add(row as CoreRow<'audit_logs'>);
  return undefined;
}
