import { Link } from '@tanstack/react-router';
import type { AuditRow } from '../../api/schema';
import { CopyText } from '../../ui/CopyText';
import type { Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';

const SHORT_ID = 8;

/** When and what: what every view of the audit log begins with. */
export const WHEN_AND_WHAT: Column<AuditRow>[] = [
  { header: 'When', cell: ({ occurred_at: at }) => <Moment at={at} exact /> },
  { header: 'Action', cell: ({ action }) => <code>{action}</code> },
];

/** Who did it; a person leads to the account. */
export const WHO: Column<AuditRow> = {
  header: 'Who',
  cell: ({ actor_kind: kind, actor_id: id, credential_id: credential }) =>
    id === null ? (
      kind.replaceAll('_', ' ')
    ) : (
      <>
        <Link to="/developers/$id" params={{ id }}>
          {kind} {id.slice(0, SHORT_ID)}
        </Link>
        {kind === 'api_key' && credential && ` (key ${credential.slice(0, SHORT_ID)})`}
      </>
    ),
};

/** What it was done to. */
export const SUBJECT: Column<AuditRow> = {
  header: 'Subject',
  cell: ({ subject_kind: kind, subject_id: id }) => (
    <>
      {kind.replaceAll('_', ' ')} <CopyText value={id} noun={`id of the ${kind}`} shownLength={SHORT_ID} />
    </>
  ),
};

/** Ids, states and digests that belong to it. */
export const DETAILS: Column<AuditRow> = {
  header: 'Details',
  cell: ({ data }) =>
    Object.entries(data)
      .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${shown(value)}`)
      .join('; '),
};

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
