import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { signedInRoute } from '../../app/routes';
import { readSearch } from './queue-search';

/** The queue. */
export const queueRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/reviews',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./QueueScreen'), 'QueueScreen'),
});
