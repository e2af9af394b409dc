import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { formatCount, plural } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Notice } from '../../ui/Notice';
import { ErrorState } from '../../ui/states';

interface Verification {
  finished_at: string;
  result: { ok: boolean; rows: number; lastSeq: number; problem?: string | null } | null;
  error: string | null;
}

/** What the last verification of the chain of rows found. */
export function ChainStatus() {
  const { data, error } = useQuery(read('GET /v1/admin/system', {}));
  if (error) return <ErrorState error={error} />;
  if (!data) return null;
  const { last_seq: lastSeq, last_verified: verified } = data.audit;
  const last = verified as Verification | null;
  if (last === null) {
    return <Notice tone="info" title={`${formatCount(lastSeq)} rows, not verified yet`} />;
  }
  if (last.result === null) {
    return (
      <Notice tone="warn" title="The last verification of the chain did not end">
        <p>{last.error}</p>
      </Notice>
    );
  }
  if (!last.result.ok) {
    return (
      <Notice tone="bad" title="The chain is broken">
        <p>{last.result.problem}</p>
        <p>Somebody changed the file. Compare it with a backup before anything else.</p>
      </Notice>
    );
  }
  const since = lastSeq - last.result.lastSeq;
  return (
    <Notice tone="good" title={`The chain is whole: ${plural(last.result.rows, 'row')}`}>
      <p>
        Verified <Moment at={last.finished_at} />, once a day; <code>mosis audit verify</code> does it now.
        {since > 0 && ` ${plural(since, 'row')} came since.`}
      </p>
    </Notice>
  );
}
