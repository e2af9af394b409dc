/** The thread that reads and hashes the audit rows of core.db: ten million take a minute. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CoreRow } from '@mosis/db';
import { openReader } from '@mosis/sqlite/connection';
import { ChainVerifier } from './audit-chain.js';
import type { WalkAnswer, WalkRequest } from './live-chain.js';

const PAGE_ROWS = 1_000;

const { file, start, head } = workerData as WalkRequest;
const db = openReader(file);
// Each page is a read of its own: one over the whole table would keep the WAL from beginning anew.
const page = db.prepare(`SELECT * FROM audit_logs WHERE seq > ? ORDER BY seq LIMIT ${PAGE_ROWS}`);
const verifier = new ChainVerifier(start);
let isHeadThere: boolean | undefined;
for (;;) {
  const rows = page.all(verifier.end.seq) as CoreRow<'audit_logs'>[];
  for (const row of rows) {
    verifier.add(row);
    if (row.seq === head?.seq) isHeadThere = row.hash === head.hash;
  }
  parentPort?.postMessage({ rows: verifier.rows } satisfies WalkAnswer);
  if (rows.length < PAGE_ROWS || verifier.problem !== undefined) break;
}
db.close();
const { rows, end, problem } = verifier;
parentPort?.postMessage({ walked: { rows, end, problem, isHeadThere } } satisfies WalkAnswer);
