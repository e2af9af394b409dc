import { useNow } from './use-now';
import { formatDistance, formatMoment } from './format';

/** A moment: how long ago or until, the exact time on hover and for machines. */
export function Moment({ at, exact = false }: { at: string; exact?: boolean }) {
  const relative = formatDistance(Date.parse(at), useNow());
  return (
    <time dateTime={at} title={exact ? relative : formatMoment(at)}>
      {exact ? formatMoment(at) : relative}
    </time>
  );
}
