import { useQuery } from '@tanstack/react-query';
import { createRootRoute, createRoute, Navigate, Outlet } from '@tanstack/react-router';
import { isReviewer, sessionQuery, useSession } from '../api/session';
import { SignInScreen } from '../screens/sign-in/SignInScreen';
import { EmptyState, ErrorState, LoadingState } from '../ui/states';
import { Announcer } from './announcer';
import { Bare } from './Bare';
import { Shell } from './Shell';
import { SignInAgain } from './SignInAgain';

/** The root of every screen. */
export const rootRoute = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <Announcer />
    </>
  ),
  notFoundComponent: () => (
    <Bare>
      <EmptyState icon="search" title="There is no such page">
        <p>
          <a href="/admin/">To the start</a>
        </p>
      </EmptyState>
    </Bare>
  ),
});

/** Parent of what can be opened without an account: the pages behind links of mails. */
export const publicRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'public',
  component: () => (
    <Bare>
      <Outlet />
    </Bare>
  ),
});

/** Parent of everything else: asks for a sign-in at the very place that was opened. */
export const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  component: SignedIn,
});

function SignedIn() {
  const { data, error, isPending, refetch } = useQuery(sessionQuery);
  if (data) {
    return (
      <>
        <Shell />
        <SignInAgain session={data} />
      </>
    );
  }
  return (
    <Bare>
      {isPending ? (
        <LoadingState rows={4} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <SignInScreen />
      )}
    </Bare>
  );
}

/** `/` leads to where somebody's work is. */
export const startRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  component: function Start() {
    return <Navigate to={isReviewer(useSession()) ? '/reviews' : '/account'} replace />;
  },
});
