import { queryClient } from '../../api/query-client';

/** Reads a review and the queue anew: one of them has changed. */
export async function refreshReview(id: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['GET /v1/admin/reviews/{id}', { path: { id } }] }),
    queryClient.invalidateQueries({ queryKey: ['GET /v1/admin/reviews'] }),
    queryClient.invalidateQueries({ queryKey: ['GET /v1/admin/reviews/summary'] }),
  ]);
}
