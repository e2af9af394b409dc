import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readCursor, type CursorSearch } from '../../ui/paging';

/** My API keys. */
export const apiKeysRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/api-keys',
  validateSearch: (search: Record<string, unknown>): CursorSearch => readCursor(search),
  component: lazyScreen(() => import('./ApiKeysScreen'), 'ApiKeysScreen'),
});
