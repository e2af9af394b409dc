/** The writer thread of the bare server. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';

/** A body as it came. */
export interface BareUpload {
  body: Uint8Array;
  gzip: boolean;
}

interface BareBatch {
  batch_id: string;
  app_id: string;
  device_id: string;
  session_id: string;
  events: { type: string; timestamp: string; data?: unknown }[];
}

const { dataDir, grouped } = workerData as { dataDir: string; grouped: boolean };
const db = new Database(join(dataDir, 'bare.db'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.pragma('cache_size = -24576');
db.exec(`CREATE TABLE ledger (batch_id BLOB PRIMARY KEY, body_hash BLOB, accepted INTEGER) WITHOUT ROWID;
  CREATE TABLE events (id INTEGER PRIMARY KEY, app INTEGER, device INTEGER, session INTEGER, time_ms INTEGER,
    type INTEGER, context INTEGER, flags INTEGER, data TEXT)`);
const remember = db.prepare('INSERT OR IGNORE INTO ledger VALUES (?, ?, ?)');
const insert = db.prepare('INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)');
const numbers = new Map<string, number>();

parentPort?.on('message', (uploads: BareUpload[]) => {
  if (grouped) {
    db.exec('BEGIN IMMEDIATE');
    const accepted = uploads.map(store);
    db.exec('COMMIT');
    parentPort?.postMessage(accepted);
    return;
  }
  parentPort?.postMessage(
    uploads.map((upload) => {
      db.exec('BEGIN IMMEDIATE');
      const accepted = store(upload);
      db.exec('COMMIT');
      return accepted;
    }),
  );
});

function store({ body, gzip }: BareUpload): number {
  const inflated = gzip ? gunzipSync(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const batch = JSON.parse(inflated.toString('utf8')) as BareBatch;
  const hash = createHash('sha256').update(inflated).digest().subarray(0, 16);
  const id = Buffer.from(batch.batch_id.replaceAll('-', ''), 'hex');
  if (remember.run(id, hash, batch.events.length).changes === 0) return 0;
  const app = numberOf(batch.app_id);
  const device = numberOf(batch.device_id);
  const session = numberOf(batch.session_id);
  for (const { type, timestamp, data } of batch.events) {
    const text = data === undefined ? null : JSON.stringify(data);
    insert.run(app, device, session, Date.parse(timestamp), numberOf(type), app, 0, text);
  }
  return batch.events.length;
}

function numberOf(text: string): number {
  let number = numbers.get(text);
  if (number === undefined) numbers.set(text, (number = numbers.size + 1));
  return number;
}
