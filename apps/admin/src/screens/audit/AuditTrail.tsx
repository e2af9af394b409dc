import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { read } from '../../api/queries';
import { DataTable } from '../../ui/DataTable';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { DETAILS, SUBJECT, WHEN_AND_WHAT, WHO } from './audit-columns';

const ROWS = 10;

interface AuditTrailProps {
  title?: string;
  /** Which rows: of one subject, or of one actor. */
  filter: { subject_kind: string; subject_id: string } | { actor_id: string };
}

/** The last rows of the audit log about something, with the way to all of them. */
export function AuditTrail({ title = 'Audit trail', filter }: AuditTrailProps) {
  const rows = useQuery(read('GET /v1/admin/audit-log', { query: { ...filter, limit: ROWS } }));
  const columns = [...WHEN_AND_WHAT, 'actor_id' in filter ? SUBJECT : WHO, DETAILS];
  return (
    <Section
      title={title}
      aside={
        <Link to="/audit" search={filter}>
          All of it
        </Link>
      }
    >
      <Loaded query={rows} loading={<LoadingState rows={3} />}>
        {({ items }) =>
          items.length === 0 ? (
            <p>Nothing in the rows that are kept here; older ones are in the object store.</p>
          ) : (
            <DataTable
              caption={`${title}, newest first`}
              columns={columns}
              rows={items}
              keyOf={({ seq }) => String(seq)}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
