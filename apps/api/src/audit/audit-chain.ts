import type { CoreRow } from '@mosis/db';
import { sha256Hex } from '../common/secrets.js';

/** The hash before the first row. */
export const GENESIS_HASH = '0'.repeat(64);

/** An audit row without its own hash. */
export type UnchainedRow = Omit<CoreRow<'audit_logs'>, 'hash'>;

/** The hash of a row: SHA-256 over all its columns, the hash of the row before among them, in one fixed order. */
export function hashAuditRow(row: UnchainedRow): string {
  return sha256Hex(
    JSON.stringify([
      row.seq,
      row.occurred_at,
      row.actor_kind,
      row.actor_id,
      row.credential_id,
      row.action,
      row.subject_kind,
      row.subject_id,
      row.data,
      row.request_id,
      row.previous_hash,
    ]),
  );
}

/** Where the chain ended at some moment. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

/** Checks rows in order as they are fed in, and remembers the first break. */
export class ChainVerifier {
  private expected: ChainEnd;
  /** The first thing that is wrong, in words. */
  problem: string | undefined;
  rows = 0;

  constructor(start: ChainEnd = { seq: 0, hash: GENESIS_HASH }) {
    this.expected = start;
  }

  /** The last row that was fed in. */
  get end(): ChainEnd {
    return this.expected;
  }

  /** Feeds the next row; after a break nothing more is looked at. */
  add(row: CoreRow<'audit_logs'>): void {
    if (this.problem) return;
    this.rows += 1;
    if (row.seq !== this.expected.seq + 1)
      this.problem = `Row ${this.expected.seq + 1} is missing: row ${row.seq} follows.`;
    else if (row.previous_hash !== this.expected.hash)
      this.problem = `Row ${row.seq} does not continue row ${this.expected.seq}.`;
    else if (row.hash !== hashAuditRow(row)) this.problem = `Row ${row.seq} was changed after it was written.`;
    this.expected = { seq: row.seq, hash: row.hash };
  }
}
