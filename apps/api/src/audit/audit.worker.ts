/** The thread that reads, packs and hashes audit rows by the thousand: ten million take most of a minute. */
import { parentPort, workerData } from 'node:worker_threads';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { CoreRow } from '@mosis/db';
import { giveWay, openReader } from '@mosis/sqlite/connection';
import { releaseMemory } from '../common/release-memory.js';
import { sha256Hex } from '../common/secrets.js';
import { ChainVerifier } from './audit-chain.js';
import type { AuditTasks, FromAuditThread, ThreadStart, ToAuditThread, WalkedChain } from './audit-thread.js';

type Row = CoreRow<'audit_logs'>;
/** How each task is done. */
type Handlers = { [Name in keyof AuditTasks]: (request: AuditTasks[Name]['request']) => AuditTasks[Name]['answer'] };

const PAGE_ROWS = 1_000;

const { file, head, after: start, givesWay } = workerData as ThreadStart;
if (givesWay) giveWay();
const db = openReader(file);
const rowsAfter = db.prepare<[number, number], Row>('SELECT * FROM audit_logs WHERE seq > ? ORDER BY seq LIMIT ?');
const verifier = new ChainVerifier(start);
let isHeadThere: boolean | undefined;

function add(row: Row): void {
  verifier.add(row);
  if (row.seq === head?.seq) isHeadThere = row.hash === head.hash;
}

function walked(): WalkedChain {
  const { rows, end, problem } = verifier;
  return { rows, end, problem, isHeadThere };
}

const handlers: Handlers = {
  segment({ bytes }) {
    const lines = gunzipSync(bytes).toString('utf8').split('\n');
    releaseMemory(bytes);
    for (const line of lines) add(JSON.parse(line) as Row);
    return walked();
  },

  live() {
    // Each page is a read of its own: one over the whole table would keep the WAL from beginning anew.
    for (let read = PAGE_ROWS; read === PAGE_ROWS && verifier.problem === undefined;) {
      const rows = rowsAfter.all(verifier.end.seq, PAGE_ROWS);
      rows.forEach(add);
      read = rows.length;
      say({ rows: verifier.rows });
    }
    return walked();
  },

  pack({ afterSeq, rows: wanted, before }) {
    const rows = rowsAfter.all(afterSeq, wanted);
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last || rows.length < wanted || last.occurred_at >= before) return undefined;
    // In memory of its own, which can be handed over.
    const bytes = new Uint8Array(gzipSync(rows.map((row) => JSON.stringify(row)).join('\n')));
    return {
      bytes,
      sha256: sha256Hex(Buffer.from(bytes.buffer)),
      first: { seq: first.seq, previousHash: first.previous_hash },
      last: { seq: last.seq, hash: last.hash },
    };
  },
};

function say(message: FromAuditThread, transferred: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transferred);
}

parentPort?.on('message', ({ name, request }: ToAuditThread) => {
  try {
    const answer = handlers[name](request as never);
    say({ answer }, answer && 'bytes' in answer ? [answer.bytes.buffer] : []);
  } catch (error) {
    say({ failed: (error as Error).message });
  }
});
