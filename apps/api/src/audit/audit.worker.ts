/** The thread that reads, packs and hashes audit rows by the thousand: ten million take most of a minute. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CoreRow } from '@mosis/db';
import { giveWay, openReader } from '@mosis/sqlite/connection';
import { releaseMemory } from '../common/release-memory.js';
import { sha256Hex } from '../common/secrets.js';
import { ChainVerifier } from './audit-chain.js';
import type { AuditTasks, FromAuditThread, ThreadStart, ToAuditThread, WalkedChain } from './audit-thread.js';
import { packSegment, readSegment } from './segment-rows.js';

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
    for (const row of readSegment(bytes)) add(row);
    releaseMemory(bytes);
    return walked();
  },

  live() {
    // Each page is a read of its own: one over the whole table would keep the WAL from beginning anew.
    for (let read = PAGE_ROWS; read === PAGE_ROWS && verifier.problem === undefined;) {
      read = 0;
      for (const row of rowsAfter.iterate(verifier.end.seq, PAGE_ROWS)) {
        add(row);
        read += 1;
      }
      say({ rows: verifier.rows });
    }
    return walked();
  },

  pack({ afterSeq, rows: wanted, before }) {
    const packed = packSegment(rowsAfter.iterate(afterSeq, wanted), wanted);
    if (!packed || packed.last.occurred_at >= before) return undefined;
    const { first, last } = packed;
    // In memory of its own, which can be handed over.
    const bytes = new Uint8Array(packed.bytes);
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
