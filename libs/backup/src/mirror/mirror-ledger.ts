import { rmSync } from 'node:fs';
import { openWriter, type RawConnection } from '@mosis/sqlite';

/** What is known about one object and its copy. */
export interface LedgerEntry {
  key: string;
  /** The digest and size of the copy; null until there is one that was compared. */
  sha256: string | null;
  size_bytes: number;
  /** When the object was last changed, as its store said when it was copied. */
  source_modified_ms: number | null;
  /** When object and copy were last compared by digest. */
  compared_ms: number | null;
  /** When the copy was last read back and hashed. */
  verified_ms: number | null;
  /** Since when the copy is out of date; null when it is not. */
  waiting_since_ms: number | null;
  /** Grows with every change that is noticed, so that one during a copy is not missed. */
  generation: number;
  attempts: number;
  /** When the object was found to be gone from its store; the copy stays for a while. */
  gone_ms: number | null;
}

/** What a finished copy is remembered by. */
export interface CopyRecord {
  sha256: string;
  sizeBytes: number;
  modifiedMs: number;
}

export interface LedgerTotals {
  copies: number;
  bytes: number;
  waiting: number;
  oldestWaitingMs: number | null;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS target (location TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
  key                 TEXT PRIMARY KEY NOT NULL,
  sha256              TEXT,
  size_bytes          INTEGER NOT NULL DEFAULT 0,
  source_modified_ms  INTEGER,
  compared_ms         INTEGER,
  verified_ms         INTEGER,
  waiting_since_ms    INTEGER,
  urgent              INTEGER NOT NULL DEFAULT 0 CHECK (urgent IN (0, 1)),
  generation          INTEGER NOT NULL DEFAULT 0,
  attempts            INTEGER NOT NULL DEFAULT 0,
  retry_ms            INTEGER NOT NULL DEFAULT 0,
  gone_ms             INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_waiting ON objects (urgent DESC, waiting_since_ms) WHERE waiting_since_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_oldest ON objects (waiting_since_ms) WHERE waiting_since_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_gone ON objects (gone_ms) WHERE gone_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_retry ON objects (retry_ms) WHERE retry_ms > 0;
-- Sums are kept rather than counted: figures are asked for every few seconds.
CREATE TABLE IF NOT EXISTS totals (copies INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM totals);
CREATE TRIGGER IF NOT EXISTS objects_added AFTER INSERT ON objects WHEN NEW.sha256 IS NOT NULL
BEGIN UPDATE totals SET copies = copies + 1, bytes = bytes + NEW.size_bytes; END;
CREATE TRIGGER IF NOT EXISTS objects_changed AFTER UPDATE OF sha256, size_bytes ON objects
BEGIN
  UPDATE totals SET copies = copies + (NEW.sha256 IS NOT NULL) - (OLD.sha256 IS NOT NULL),
    bytes = bytes + iif(NEW.sha256 IS NULL, 0, NEW.size_bytes) - iif(OLD.sha256 IS NULL, 0, OLD.size_bytes);
END;
CREATE TRIGGER IF NOT EXISTS objects_removed AFTER DELETE ON objects WHEN OLD.sha256 IS NOT NULL
BEGIN UPDATE totals SET copies = copies - 1, bytes = bytes - OLD.size_bytes; END;
`;

/**
 * What the mirror remembers between runs, in a file that is no backup itself: without it everything is compared again.
 * Its writes are not synced, so that noting a change costs a request nothing; what a power cut takes, the next catching
 * up finds.
 */
export class MirrorLedger {
  private constructor(private readonly db: RawConnection) {}

  /** Opens the ledger of a mirror at `location`; that of another place, or a damaged one, begins anew. */
  static open(file: string, location: string): MirrorLedger {
    let db: RawConnection;
    try {
      db = prepare(file);
    } catch (error) {
      if (!/^SQLITE_(CORRUPT|NOTADB)/.test((error as { code?: string }).code ?? '')) throw error;
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
      db = prepare(file);
    }
    const known = db.prepare('SELECT location FROM target').pluck().get();
    if (known !== location) {
      db.exec('DELETE FROM objects; DELETE FROM target');
      db.prepare('INSERT INTO target (location) VALUES (?)').run(location);
    }
    return new MirrorLedger(db);
  }

  find(key: string): LedgerEntry | undefined {
    return this.db.prepare('SELECT * FROM objects WHERE key = ?').get(key) as LedgerEntry | undefined;
  }

  /** Entries after `key`, in order. */
  listAfter(key: string, limit: number): LedgerEntry[] {
    return this.db.prepare('SELECT * FROM objects WHERE key > ? ORDER BY key LIMIT ?').all(key, limit) as LedgerEntry[];
  }

  /** What waits and may be tried now: what just changed first, then the longest waiting. */
  listDue(nowMs: number, limit: number): LedgerEntry[] {
    return this.db
      .prepare(
        `SELECT * FROM objects WHERE waiting_since_ms IS NOT NULL AND retry_ms <= ?
          ORDER BY urgent DESC, waiting_since_ms LIMIT ?`,
      )
      .all(nowMs, limit) as LedgerEntry[];
  }

  /** When the next entry that failed may be tried again. */
  findNextRetryMs(): number | undefined {
    return (
      (this.db.prepare('SELECT min(retry_ms) FROM objects WHERE retry_ms > 0').pluck().get() as number | null) ??
      undefined
    );
  }

  /** Copies of objects that have been gone since `beforeMs` or longer. */
  listGoneBefore(beforeMs: number, afterKey: string, limit: number): LedgerEntry[] {
    return this.db
      .prepare('SELECT * FROM objects WHERE gone_ms <= ? AND key > ? ORDER BY key LIMIT ?')
      .all(beforeMs, afterKey, limit) as LedgerEntry[];
  }

  /** Notes that an object has changed, came or went. `forgetCopy` says that nothing is known of the copy any more. */
  markWaiting(key: string, nowMs: number, { urgent = false, forgetCopy = false } = {}): void {
    this.db
      .prepare(
        `INSERT INTO objects (key, waiting_since_ms, urgent, generation) VALUES (@key, @nowMs, @urgent, 1)
         ON CONFLICT (key) DO UPDATE SET
           waiting_since_ms = coalesce(waiting_since_ms, excluded.waiting_since_ms),
           urgent = max(urgent, excluded.urgent), generation = generation + 1,
           retry_ms = CASE WHEN excluded.urgent THEN 0 ELSE retry_ms END,
           sha256 = CASE WHEN @forgetCopy THEN NULL ELSE sha256 END`,
      )
      .run({ key, nowMs, urgent: Number(urgent), forgetCopy: Number(forgetCopy) });
  }

  /** Notes that the copy is as the object was when its entry had this generation. */
  recordCopy(key: string, generation: number, { sha256, sizeBytes, modifiedMs }: CopyRecord, nowMs: number): void {
    this.db
      .prepare(
        `UPDATE objects SET sha256 = @sha256, size_bytes = @sizeBytes, source_modified_ms = @modifiedMs,
                compared_ms = @nowMs, gone_ms = NULL, attempts = 0, retry_ms = 0,
                verified_ms = CASE WHEN sha256 IS @sha256 THEN verified_ms ELSE NULL END,
                urgent = CASE WHEN generation = @generation THEN 0 ELSE urgent END,
                waiting_since_ms = CASE WHEN generation = @generation THEN NULL ELSE waiting_since_ms END
          WHERE key = @key`,
      )
      .run({ key, generation, sha256, sizeBytes, modifiedMs, nowMs });
  }

  /** Takes a copy that nobody compared as what its name and size say. */
  adopt(key: string, { sha256, sizeBytes, modifiedMs }: CopyRecord): void {
    this.db
      .prepare(
        `INSERT INTO objects (key, sha256, size_bytes, source_modified_ms) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
      )
      .run(key, sha256, sizeBytes, modifiedMs);
  }

  /** Notes since when an object is gone, its copy still there; a change that was noticed meanwhile stays waiting. */
  markGone(key: string, generation: number, sizeBytes: number, nowMs: number): void {
    this.db
      .prepare(
        `INSERT INTO objects (key, size_bytes, gone_ms) VALUES (@key, @sizeBytes, @nowMs)
         ON CONFLICT (key) DO UPDATE SET gone_ms = coalesce(gone_ms, @nowMs), attempts = 0, retry_ms = 0,
           waiting_since_ms = CASE WHEN generation = @generation THEN NULL ELSE waiting_since_ms END`,
      )
      .run({ key, generation, sizeBytes, nowMs });
  }

  /** Notes that the object is there after all. */
  markPresent(key: string): void {
    this.db.prepare('UPDATE objects SET gone_ms = NULL WHERE key = ?').run(key);
  }

  /** Forgets an entry, unless a change was noticed meanwhile. */
  forget(key: string, generation: number): void {
    this.db.prepare('DELETE FROM objects WHERE key = ? AND generation = ?').run(key, generation);
  }

  recordFailure(key: string, retryMs: number): void {
    this.db.prepare('UPDATE objects SET attempts = attempts + 1, retry_ms = ? WHERE key = ?').run(retryMs, key);
  }

  /** Notes that a copy was read back and had this digest. */
  recordVerified(key: string, sha256: string, nowMs: number): void {
    this.db.prepare('UPDATE objects SET verified_ms = ? WHERE key = ? AND sha256 = ?').run(nowMs, key, sha256);
  }

  /** How much is copied and how much waits. */
  count(): LedgerTotals {
    const totals = this.db.prepare('SELECT copies, bytes FROM totals').get() as Pick<LedgerTotals, 'copies' | 'bytes'>;
    const waiting = this.db
      .prepare(
        `SELECT count(*) AS waiting, min(waiting_since_ms) AS oldestWaitingMs
           FROM objects INDEXED BY objects_oldest WHERE waiting_since_ms IS NOT NULL`,
      )
      .get() as Pick<LedgerTotals, 'waiting' | 'oldestWaitingMs'>;
    return { ...totals, ...waiting };
  }

  close(): void {
    this.db.close();
  }
}

function prepare(file: string): RawConnection {
  const db = openWriter(file);
  try {
    db.pragma('synchronous = NORMAL');
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
