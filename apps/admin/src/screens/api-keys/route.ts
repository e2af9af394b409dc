import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { signedInRoute } from '../../app/routes';
import { readCursor, type CursorSearch } from '../../ui/paging';

/** My API keys. */
export const apiKeysRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/api-keys',
  validateSearch: (search: Record<string, unknown>): CursorSearch => readCursor(search),
  component: lazyRouteComponent(() => import('./ApiKeysScreen'), 'ApiKeysScreen'),
});
