import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readWord } from '../../ui/paging';
import { readSearch } from './queue-search';

/** The queue. */
export const queueRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/reviews',
  validateSearch: readSearch,
  component: lazyScreen(() => import('./QueueScreen'), 'QueueScreen'),
});

/** One review. `decide` opens the decision with one of the two chosen. */
export const reviewRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/reviews/$id',
  validateSearch: (search: Record<string, unknown>): { decide?: 'approve' | 'reject' } => {
    const decide = readWord(search.decide, ['approve', 'reject']);
    return decide ? { decide } : {};
  },
  component: lazyScreen(() => import('./ReviewScreen'), 'ReviewScreen'),
});
