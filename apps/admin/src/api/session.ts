import { queryOptions, useQuery } from '@tanstack/react-query';
import { call } from './client';
import { isSignedOut } from './problem';
import { queryClient } from './query-client';
import type { Developer } from './schema';

/** Who is signed in; `null` when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }): Promise<Developer | null> => {
    try {
      return await call('GET /v1/me', { signal });
    } catch (error) {
      if (isSignedOut(error)) return null;
      throw error;
    }
  },
  staleTime: Infinity,
});

/** Who is signed in, for screens: those behind the sign-in have somebody. */
export function useSession(): Developer {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('This screen stands behind the sign-in.');
  return data;
}

/** Signs in and makes that known to every screen. @throws ApiError `login-failed`, `account-suspended` … */
export async function signIn(email: string, password: string): Promise<void> {
  const { developer } = await call('POST /v1/auth/login', { body: { email, password } });
  const before = queryClient.getQueryData(sessionQuery.queryKey);
  // Somebody else's lists are not theirs to see.
  if (before && before.id !== developer.id) queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, developer);
  await queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
}

/** Ends the session and forgets everything that was read in it. */
export async function signOut(): Promise<void> {
  await call('POST /v1/auth/logout', {});
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}

/** Whether an account may work on reviews. */
export const isReviewer = ({ role }: Developer): boolean => role !== 'developer';
/** Whether an account may administer. */
export const isAdmin = ({ role }: Developer): boolean => role === 'admin';
