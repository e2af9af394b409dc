import Database from 'better-sqlite3';
import { coreDatabasePath } from '@mosis/db';
import { PUBLISHED, SHOWN } from './store-sql.ts';

/**
 * What the bare servers of the store answer, from prepared statements on the same file. Values are behind a unary plus, as the
 * platform's are: without it SQLite plans most of these anew at each run, and the baseline would be a slow one.
 */
export class StoreAnswers {
  readonly #byEmail;
  readonly #ofDeveloper;
  readonly #appById;
  readonly #latest;
  readonly #search;

  constructor(dataDir: string) {
    const db = new Database(coreDatabasePath(dataDir), { readonly: true });
    db.pragma('cache_size = -8192');
    this.#byEmail = db.prepare(
      'SELECT id, email, name, role, created_at FROM developers WHERE email = +? AND deleted_at IS NULL',
    );
    this.#ofDeveloper = db.prepare(
      'SELECT * FROM apps WHERE developer_id = +? ORDER BY created_at DESC, id DESC LIMIT 50',
    );
    this.#appById = db.prepare(`SELECT ${SHOWN} FROM apps a WHERE a.package_id = +? AND ${PUBLISHED}`);
    this.#latest = db.prepare(
      `SELECT v.*, k.public_key FROM app_versions v JOIN signing_keys k ON k.id = v.signing_key_id
       WHERE v.app_id = +? AND v.status = 'published' AND v.yanked_at IS NULL ORDER BY v.version_code DESC LIMIT 1`,
    );
    this.#search = db.prepare(
      `SELECT ${SHOWN} FROM apps_fts f JOIN apps a ON a.seq = f.rowid WHERE apps_fts MATCH +? AND ${PUBLISHED}
       ORDER BY bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0) LIMIT 50`,
    );
  }

  developer(email: string): unknown {
    return this.#byEmail.get(email);
  }

  apps(developerId: string): unknown[] {
    return this.#ofDeveloper.all(developerId);
  }

  app(packageId: string): unknown {
    const found = this.#appById.get(packageId) as { id: string };
    return { ...found, latest: this.#latest.get(found.id) };
  }

  search(word: string): unknown[] {
    const found = this.#search.all(`"${word.replaceAll('"', '""')}"*`) as { id: string }[];
    return found.map((one) => ({ ...one, latest: this.#latest.get(one.id) }));
  }
}
