import type { ClientPath } from '../paths';

/** One entry of the main navigation. */
export interface NavigationLink {
  to: Exclude<ClientPath, `${string}$${string}`>;
  label: string;
  /** Who sees it; without it everybody signed in does. */
  for?: 'reviewer' | 'admin';
}

const LINKS: NavigationLink[] = [
  { to: '/reviews', label: 'Queue', for: 'reviewer' },
  { to: '/apps', label: 'Apps', for: 'admin' },
  { to: '/developers', label: 'Developers', for: 'admin' },
  { to: '/audit', label: 'Audit log', for: 'admin' },
  { to: '/system', label: 'System', for: 'admin' },
  { to: '/account', label: 'Account' },
  { to: '/api-keys', label: 'API keys' },
];

/** The main navigation of somebody: only what they may open. */
export function navigationOf(who: { isReviewer: boolean; isAdmin: boolean }): NavigationLink[] {
  return LINKS.filter((link) => (link.for === 'admin' ? who.isAdmin : link.for === 'reviewer' ? who.isReviewer : true));
}
