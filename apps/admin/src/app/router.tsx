import { createRouter } from '@tanstack/react-router';
import { ApiError } from '../api/problem';
import type { ClientPath } from '../paths';
import { screens } from '../screens';
import { Fault } from '../ui/ErrorBoundary';
import { ErrorState, LoadingState } from '../ui/states';
import { publicRoute, rootRoute, signedInRoute, startRoute } from './routes';

const routeTree = rootRoute.addChildren([
  signedInRoute.addChildren([startRoute, ...screens.signedIn]),
  publicRoute.addChildren(screens.public),
]);

/** Addresses to screens. A screen's code is read as soon as somebody points at a link to it. */
export const router = createRouter({
  routeTree,
  basepath: '/admin',
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultPendingMs: 150,
  defaultPendingComponent: () => <LoadingState />,
  defaultErrorComponent: ({ error }) =>
    error instanceof ApiError ? (
      <ErrorState error={error} onRetry={() => void router.invalidate()} />
    ) : (
      <Fault error={error as Error} />
    ),
  scrollRestoration: true,
});

/** Paths of screens that src/paths.ts does not list: the server would answer them with a 404. */
type Unlisted = Exclude<keyof typeof router.routesByPath, ClientPath | ''>;
const everyPathIsListed: [Unlisted] extends [never] ? true : Unlisted = true;
void everyPathIsListed;

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
