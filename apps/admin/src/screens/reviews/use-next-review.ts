import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Review } from '../../api/schema';

/** The next submission for this reader: the oldest due that is nobody's work, not their own app, and not this one. */
export function useNextReview(currentId: string): Review | undefined {
  const { data } = useQuery(read('GET /v1/admin/reviews', { query: { claimed: 'nobody', limit: 10 } }));
  return data?.items.find(({ id, own }) => id !== currentId && !own);
}
