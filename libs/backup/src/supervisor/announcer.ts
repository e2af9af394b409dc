import type { DatabaseName } from '../location.js';
import type { LitestreamEvent } from './log-line.js';
import type { BackupLog, BackupTrouble } from './status.js';

/**
 * A checkpoint met a commit. While much is written this comes several times a minute, and the next sync tries again; where
 * that never succeeds, the backup becomes late, and this is given as the reason.
 */
const COMMON_COMPLAINT = 'checkpoint: mode=PASSIVE err=database is locked';

/** Says in the log what happens to backups: each thing when it begins and when it is over, however often it is seen. */
export class Announcer {
  readonly #complaints = new Map<string, string>();
  readonly #troubles = new Map<DatabaseName, BackupTrouble['kind']>();

  constructor(private readonly log: BackupLog) {}

  /** Passes on what of Litestream's log concerns an operator. */
  hear(event: LitestreamEvent): void {
    if (event.kind === 'generation')
      this.log.info(
        { 'backup.database': event.database, 'backup.generation': event.generation, 'backup.reason': event.reason },
        'a new generation of backups begins',
      );
    if (event.kind === 'segment-written' || event.kind === 'snapshot-written')
      this.#complaints.delete(event.database ?? '');
    if (event.kind === 'trouble') this.#complain(event);
  }

  /** Says when a backup begins to have a problem, and when it is over. `null` is that nobody knows: nothing is said. */
  announce(database: DatabaseName, trouble: BackupTrouble | null | undefined): void {
    const before = this.#troubles.get(database);
    if (trouble === null || trouble?.kind === before) return;
    const fields = { 'backup.database': database };
    if (trouble) {
      this.#troubles.set(database, trouble.kind);
      this.log.error(
        { ...fields, 'backup.trouble': trouble.kind, 'backup.detail': trouble.detail },
        'a backup has a problem',
      );
    } else {
      this.#troubles.delete(database);
      this.log.info(fields, 'a backup is healthy again');
    }
  }

  /** What Litestream repeats every second is said once, until it works again or complains of something else. */
  #complain({ database, level, message, error }: Extract<LitestreamEvent, { kind: 'trouble' }>): void {
    if (error === COMMON_COMPLAINT) return;
    const text = `${message}${error === undefined ? '' : `: ${error}`}`;
    // Request ids of a store differ in each complaint.
    const kind = text.replace(/[0-9a-zA-Z/+=-]{16,}/g, '…');
    if (this.#complaints.get(database ?? '') === kind) return;
    this.#complaints.set(database ?? '', kind);
    this.log[level]({ 'backup.database': database, 'litestream.error': text }, 'Litestream complains');
  }
}
