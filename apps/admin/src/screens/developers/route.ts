import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readCursor, readText, readWord, type CursorSearch } from '../../ui/paging';
import { compact } from '../../ui/with-filter';

export const ROLES = ['developer', 'reviewer', 'admin'] as const;

/** What the address of the list says. */
export interface DevelopersSearch extends CursorSearch {
  q?: string;
  role?: (typeof ROLES)[number];
}

/** Every account. */
export const developersRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/developers',
  validateSearch: (search: Record<string, unknown>): DevelopersSearch => ({
    ...readCursor(search),
    ...compact({ q: readText(search.q), role: readWord(search.role, ROLES) }),
  }),
  component: lazyScreen(() => import('./DevelopersScreen'), 'DevelopersScreen'),
});

/** One account. */
export const developerRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/developers/$id',
  component: lazyScreen(() => import('./DeveloperScreen'), 'DeveloperScreen'),
});
