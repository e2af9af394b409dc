import { openReader, type RawConnection } from '@mosis/sqlite';
import type { MadeSince, UndoneChange } from './restore.types.js';

/** Each answers id, name, changed_at and detail of what is one way in `newest` and was another in `main`. */
const QUERIES: Record<UndoneChange['kind'], string> = {
  'account-deleted': `
    SELECT t.id, t.email AS name, n.deleted_at AS changed_at, NULL AS detail
      FROM developers t LEFT JOIN newest.developers n ON n.id = t.id
     WHERE t.deleted_at IS NULL AND (n.id IS NULL OR n.deleted_at IS NOT NULL)`,
  'account-suspended': `
    SELECT t.id, t.email AS name, n.suspended_at AS changed_at, n.suspend_reason AS detail
      FROM developers t JOIN newest.developers n ON n.id = t.id
     WHERE t.suspended_at IS NULL AND n.suspended_at IS NOT NULL`,
  'password-changed': `
    SELECT t.id, t.email AS name, n.updated_at AS changed_at, 'the old password works again' AS detail
      FROM developers t JOIN newest.developers n ON n.id = t.id
     WHERE n.deleted_at IS NULL AND t.password_hash IS NOT NULL AND t.password_hash IS NOT n.password_hash`,
  'role-changed': `
    SELECT t.id, t.email AS name, n.updated_at AS changed_at, n.role || ', and is ' || t.role || ' again' AS detail
      FROM developers t JOIN newest.developers n ON n.id = t.id
     WHERE n.deleted_at IS NULL AND t.role IS NOT n.role`,
  'api-key-revoked': `
    SELECT t.id, t.key_prefix AS name, n.revoked_at AS changed_at, d.email AS detail
      FROM api_keys t JOIN developers d ON d.id = t.developer_id LEFT JOIN newest.api_keys n ON n.id = t.id
     WHERE t.revoked_at IS NULL AND (n.id IS NULL OR n.revoked_at IS NOT NULL)`,
  'ingest-key-revoked': `
    SELECT t.id, t.name, n.revoked_at AS changed_at, a.package_id AS detail
      FROM ingest_keys t JOIN apps a ON a.id = t.app_id LEFT JOIN newest.ingest_keys n ON n.id = t.id
     WHERE t.revoked_at IS NULL AND (n.id IS NULL OR n.revoked_at IS NOT NULL)`,
  'signing-key-deactivated': `
    SELECT t.id, t.fingerprint AS name, n.deactivated_at AS changed_at, d.email AS detail
      FROM signing_keys t JOIN developers d ON d.id = t.developer_id LEFT JOIN newest.signing_keys n ON n.id = t.id
     WHERE t.is_active = 1 AND (n.id IS NULL OR n.is_active = 0)`,
  'app-deleted': `
    SELECT t.id, t.package_id AS name, b.created_at AS changed_at, NULL AS detail
      FROM apps t LEFT JOIN newest.apps n ON n.id = t.id LEFT JOIN newest.tombstones b ON b.package_id = t.package_id
     WHERE n.id IS NULL`,
  'app-suspended': `
    SELECT t.id, t.package_id AS name, n.suspended_at AS changed_at, n.suspend_reason AS detail
      FROM apps t JOIN newest.apps n ON n.id = t.id WHERE t.suspended_at IS NULL AND n.suspended_at IS NOT NULL`,
  'app-withdrawn': `
    SELECT t.id, t.package_id AS name, n.withdrawn_at AS changed_at, NULL AS detail
      FROM apps t JOIN newest.apps n ON n.id = t.id WHERE t.withdrawn_at IS NULL AND n.withdrawn_at IS NOT NULL`,
  'version-yanked': `
    SELECT t.id, a.package_id || ' ' || t.version_code AS name, n.yanked_at AS changed_at, n.yank_reason AS detail
      FROM app_versions t JOIN apps a ON a.id = t.app_id JOIN newest.app_versions n ON n.id = t.id
     WHERE t.yanked_at IS NULL AND n.yanked_at IS NOT NULL`,
  'review-decided': `
    SELECT t.id, a.package_id || coalesce(' ' || v.version_code, '') AS name, n.decided_at AS changed_at,
           t.kind || ' ' || n.decision AS detail
      FROM reviews t JOIN apps a ON a.id = t.app_id JOIN newest.reviews n ON n.id = t.id
      LEFT JOIN app_versions v ON v.id = t.version_id
     WHERE t.decision IS NULL AND n.decision IS NOT NULL`,
};

const MADE: (keyof MadeSince)[] = ['developers', 'apps', 'app_versions', 'api_keys', 'signing_keys'];

/** Compares a core.db that came back from the past with the newest one there is. Both are files that nobody changes. */
export class UndoneChangesRepository {
  private constructor(private readonly db: RawConnection) {}

  static open(restored: string, newest: string): UndoneChangesRepository {
    const db = openReader(restored);
    db.prepare('ATTACH ? AS newest').run(newest);
    return new UndoneChangesRepository(db);
  }

  /** What was ended or decided since, oldest first. */
  listUndone(): UndoneChange[] {
    const kinds = Object.keys(QUERIES) as UndoneChange['kind'][];
    return kinds.flatMap((kind) =>
      (
        this.db.prepare(`SELECT * FROM (${QUERIES[kind]}) ORDER BY changed_at, id`).all() as Omit<
          UndoneChange,
          'kind'
        >[]
      ).map((change) => ({ kind, ...change })),
    );
  }

  /** How much was made since, and so is gone. */
  countMadeSince(): MadeSince {
    const count = (table: keyof MadeSince) =>
      this.db
        .prepare(
          `SELECT count(*) FROM newest.${table} n WHERE NOT EXISTS (SELECT 1 FROM main.${table} t WHERE t.id = n.id)`,
        )
        .pluck()
        .get() as number;
    return Object.fromEntries(MADE.map((table) => [table, count(table)])) as MadeSince;
  }

  close(): void {
    this.db.close();
  }
}
