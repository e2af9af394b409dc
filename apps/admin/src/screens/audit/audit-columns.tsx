import { Link } from '@tanstack/react-router';
import type { AuditRow } from '../../api/schema';
import { CopyText } from '../../ui/CopyText';
import type { Column } from '../../ui/DataTable';
import { Moment } from '../../ui/Moment';

/** Ids begin with the time they were made at, so it is their ends that tell them apart. */
const SHORT_ID = 8;
const LONG_HEX = /^[0-9a-f-]{32,}$/;
const SHOWN_HEX = 12;

/** When and what: what every view of the audit log begins with. */
export const WHEN_AND_WHAT: Column<AuditRow>[] = [
  { header: 'When', narrow: true, cell: ({ occurred_at: at }) => <Moment at={at} exact /> },
  { header: 'Action', narrow: true, cell: ({ action }) => <code>{action}</code> },
];

/** Who did it; a person leads to the account. */
export const WHO: Column<AuditRow> = {
  header: 'Who',
  narrow: true,
  cell: ({ actor_kind: kind, actor_id: id, credential_id: credential }) =>
    id === null ? (
      kind.replaceAll('_', ' ')
    ) : (
      <>
        <Link to="/developers/$id" params={{ id }}>
          {kind.replaceAll('_', ' ')} …{id.slice(-SHORT_ID)}
        </Link>
        {kind === 'api_key' && credential && ` (key …${credential.slice(-SHORT_ID)})`}
      </>
    ),
};

/** What it was done to. */
export const SUBJECT: Column<AuditRow> = {
  header: 'Subject',
  narrow: true,
  cell: ({ subject_kind: kind, subject_id: id }) => (
    <>
      {kind.replaceAll('_', ' ')} <CopyText value={id} noun={`id of the ${kind}`} shownLength={SHORT_ID} end />
    </>
  ),
};

/** Ids, states and digests that belong to it; long ones shortened, whole where the pointer rests. */
export const DETAILS: Column<AuditRow> = {
  header: 'Details',
  cell: ({ data }) =>
    Object.entries(data).map(([name, value], index) => (
      <span key={name}>
        {index > 0 && '; '}
        {name.replaceAll('_', ' ')}: <Value value={value} />
      </span>
    )),
};

function Value({ value }: { value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (!LONG_HEX.test(text)) return text;
  const isId = text.includes('-');
  return <code title={text}>{isId ? `…${text.slice(-SHORT_ID)}` : `${text.slice(0, SHOWN_HEX)}…`}</code>;
}
