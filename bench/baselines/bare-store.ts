/**
 * The baseline of the store: Fastify and better-sqlite3 with prepared statements, asking the same file the same questions
 * and doing nothing else: no keys, no limits, no schema of the answer, no near misses. Values are behind a unary plus, as the
 * platform's are: without it SQLite plans most of these anew at each run, and the baseline would be a slow one.
 */
import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { coreDatabasePath } from '@mosis/db';
import { PUBLISHED, SHOWN } from './store-sql.ts';

const { dataDir } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string };
const db = new Database(coreDatabasePath(dataDir), { readonly: true });
db.pragma('cache_size = -8192');

const byEmail = db.prepare(
  'SELECT id, email, name, role, created_at FROM developers WHERE email = +? AND deleted_at IS NULL',
);
const ofDeveloper = db.prepare('SELECT * FROM apps WHERE developer_id = +? ORDER BY created_at DESC, id DESC LIMIT 50');
const appById = db.prepare(`SELECT ${SHOWN} FROM apps a WHERE a.package_id = +? AND ${PUBLISHED}`);
const latest = db.prepare(
  `SELECT v.*, k.public_key FROM app_versions v JOIN signing_keys k ON k.id = v.signing_key_id
   WHERE v.app_id = +? AND v.status = 'published' AND v.yanked_at IS NULL ORDER BY v.version_code DESC LIMIT 1`,
);
const search = db.prepare(
  `SELECT ${SHOWN} FROM apps_fts f JOIN apps a ON a.seq = f.rowid WHERE apps_fts MATCH +? AND ${PUBLISHED}
   ORDER BY bm25(apps_fts, 10.0, 5.0, 1.0, 4.0, 3.0) LIMIT 50`,
);

const app = Fastify();
app.get<{ Querystring: { email: string } }>('/developer', (request) => byEmail.get(request.query.email));
app.get<{ Querystring: { developer: string } }>('/apps', (request) => ofDeveloper.all(request.query.developer));
app.get<{ Params: { id: string } }>('/app/:id', (request) => {
  const found = appById.get(request.params.id) as { id: string };
  return { ...found, latest: latest.get(found.id) };
});
app.get<{ Querystring: { q: string } }>('/search', (request) => {
  const found = search.all(`"${request.query.q.replaceAll('"', '""')}"*`) as { id: string }[];
  return found.map((one) => ({ ...one, latest: latest.get(one.id) }));
});
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: Number(new URL(address).port) });
process.on('disconnect', () => process.exit(0));
