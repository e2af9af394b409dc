import { useRouterState } from '@tanstack/react-router';
import { useMemo } from 'react';

let taken: { pathname: string; token: string } | undefined;

/**
 * Takes the token of a link out of the address. It stands behind `#`, so that no server and no referrer sees it, and it
 * must not stay in the history of a shared computer.
 */
function takeToken(): string | undefined {
  const { hash, pathname } = location;
  const token = new URLSearchParams(hash.slice(1)).get('token');
  if (token) {
    taken = { pathname, token };
    history.replaceState(history.state, '', pathname);
  }
  return taken?.pathname === pathname ? taken.token : undefined;
}

/** The token of the link that led to this page; `undefined` when it was opened without one. */
export function useLinkToken(): string | undefined {
  const hash = useRouterState({ select: (state) => state.location.hash });
  // The hash is what changes when another link is opened in the same tab.
  return useMemo(takeToken, [hash]);
}
