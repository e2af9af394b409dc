import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readCursor, readText, readWord, type CursorSearch } from '../../ui/paging';
import { compact } from '../../ui/with-filter';

export const APP_STATUSES = ['draft', 'published', 'suspended'] as const;

/** What the address of the list says. */
export interface AppsSearch extends CursorSearch {
  q?: string;
  status?: (typeof APP_STATUSES)[number];
}

/** Every app. */
export const appsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/apps',
  validateSearch: (search: Record<string, unknown>): AppsSearch => ({
    ...readCursor(search),
    ...compact({ q: readText(search.q), status: readWord(search.status, APP_STATUSES) }),
  }),
  component: lazyScreen(() => import('./AppsScreen'), 'AppsScreen'),
});

/** One app, its versions page by page. */
export const appRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/apps/$packageId',
  validateSearch: (search: Record<string, unknown>): CursorSearch => readCursor(search),
  component: lazyScreen(() => import('./AppScreen'), 'AppScreen'),
});
