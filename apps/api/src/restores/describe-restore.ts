import type { ChainEnd } from '../audit/audit-chain.js';
import type { RestoredAudit, RestoredObjects, RestoreReport, UndoneChange } from './restore.types.js';

/** Lines of one kind that people are shown; the report file has all. */
const SHOWN = 20;

const TITLES: Record<UndoneChange['kind'], string> = {
  'account-deleted': 'deleted accounts that are there again',
  'account-suspended': 'suspended accounts that may act again',
  'password-changed': 'accounts whose old password works again',
  'role-changed': 'accounts that have their old role again',
  'api-key-revoked': 'revoked API keys that work again',
  'ingest-key-revoked': 'revoked ingest keys that work again',
  'signing-key-deactivated': 'deactivated signing keys that sign again',
  'app-deleted': 'deleted apps that are there again',
  'app-suspended': 'suspended apps that are in the store again',
  'app-withdrawn': 'withdrawn apps that are in the store again',
  'version-yanked': 'yanked versions that are offered again',
  'review-decided': 'reviews that were decided and wait again',
};

/** What a restore did and found, for people. */
export function describeRestore(report: RestoreReport): string {
  return [
    `Restored to ${report.directory} in ${seconds(report.duration_ms)}, from ${report.backup}.`,
    ...report.databases.map(
      ({ database, moment, bytes, restored_in_ms, checked_in_ms }) =>
        `  ${`${database}.db`.padEnd(13)}as of ${moment}, ${mebibytes(bytes)}, restored in ${seconds(restored_in_ms)}, checked in ${seconds(checked_in_ms)}`,
    ),
    ...describeObjects(report),
    ...describeReconciled(report),
    ...describeUndone(report),
    ...report.warnings.map((warning) => `! ${warning}`),
    `All of it is in ${report.directory}/restore-report.json. Start with: DATA_DIR=${report.directory} npm start`,
  ].join('\n');
}

function describeObjects({ objects, telemetry }: RestoreReport): string[] {
  const { restored, left_in_backup: left, missing, damaged } = objects;
  const list = (title: string, keys: readonly string[]) => describeList(title, keys);
  return [
    `  objects      ${restored.objects} (${mebibytes(restored.bytes)}) put into ${objects.store}${
      left.objects > 0 ? `; ${left.objects} that nothing names stay in the backup` : ''
    }`,
    ...list('named, but missing', missing),
    ...list('in the backup, but damaged', damaged),
    ...(telemetry
      ? [
          ...list('exported again, because the store holds something else', telemetry.exported_again),
          ...list('exports that telemetry.db does not know; they stay', telemetry.exports_unknown),
        ]
      : []),
  ];
}

function describeReconciled({ core, audit, telemetry }: RestoreReport): string[] {
  const held = Object.entries(core.mails_held).map(([kind, count]) => `${count} × ${kind}`);
  return [
    `  ended        ${core.sessions_ended} sessions, ${core.tokens_ended} one-time tokens: everybody signs in again`,
    `  jobs         ${core.jobs_requeued} taken up again, ${core.mails_sent_since} mails sent before${
      held.length > 0 ? `, not sent again because they may have been sent: ${held.join(', ')}` : ''
    }; ${core.idempotency_claims_freed} idempotency claims freed`,
    `  audit        ${audit.rows} rows checked, ends with row ${audit.last_seq} (this restore)`,
    ...(telemetry
      ? [
          `  telemetry    ${telemetry.raw_events} raw events; ${telemetry.erasures_to_replay.length} later erasures are done again at the start`,
          ...describeList('apps that core.db does not know', telemetry.apps_unknown_to_core),
        ]
      : ['  telemetry    left out: it begins empty']),
  ];
}

function describeUndone({ undone, made_since: made, compared_with }: RestoreReport): string[] {
  if (!made) return [];
  const counts = Object.entries(made).filter(([, count]) => count > 0);
  const kinds = Object.keys(TITLES) as UndoneChange['kind'][];
  return [
    `Compared with the newest core.db (${compared_with}):`,
    `  made since, and gone: ${counts.map(([table, count]) => `${count} ${table}`).join(', ') || 'nothing'}`,
    ...kinds.flatMap((kind) =>
      describeList(
        TITLES[kind],
        undone
          .filter((change) => change.kind === kind)
          .map(({ name, changed_at, detail }) => [name, changed_at, detail].filter((part) => part !== null).join(', ')),
      ),
    ),
  ];
}

function describeList(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, SHOWN).map((item) => `    ${item.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd')}`);
  const rest = items.length - shown.length;
  return [`  ${title}: ${items.length}`, ...shown, ...(rest > 0 ? [`    … and ${rest} more`] : [])];
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** What did not come back, as warnings. */
export function describeLosses(
  { missing, damaged }: RestoredObjects,
  known: RestoredAudit['newest_known'],
  end: ChainEnd,
): string[] {
  const warnings: string[] = [];
  if (missing.length > 0)
    warnings.push(`${missing.length} object(s) that the databases name are neither in the backup nor in the store.`);
  if (damaged.length > 0)
    warnings.push(`${damaged.length} object(s) of the backup are not what their name says, and were left out.`);
  if (known && known.seq > end.seq)
    warnings.push(
      `The audit log once went on to row ${known.seq} (${known.seen_in}); what came back ends with row ${end.seq}. Keep the old audit-head.json if you have it.`,
    );
  return warnings;
}
