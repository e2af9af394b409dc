import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';

/** My account. */
export const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/account',
  component: lazyScreen(() => import('./AccountScreen'), 'AccountScreen'),
});
