import { useNow } from './use-now';
import { formatDuration, formatMoment, formatTimeLeft } from './format';

/** A moment: how long ago or until, the exact time on hover and for machines. */
export function Moment({ at, exact = false }: { at: string; exact?: boolean }) {
  const now = useNow();
  const distanceMs = now - Date.parse(at);
  const relative = distanceMs >= 0 ? `${formatDuration(distanceMs)} ago` : `in ${formatTimeLeft(distanceMs)}`;
  return (
    <time dateTime={at} title={exact ? relative : formatMoment(at)}>
      {exact ? formatMoment(at) : relative}
    </time>
  );
}
