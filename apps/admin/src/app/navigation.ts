import type { ClientPath } from '../paths';

/** One entry of the main navigation. */
export interface NavigationLink {
  to: Exclude<ClientPath, `${string}$${string}`>;
  label: string;
  /** Who sees it, `others` being who is no admin; without it everybody signed in does. */
  for?: 'reviewer' | 'admin' | 'others';
}

const LINKS: NavigationLink[] = [
  { to: '/reviews', label: 'Queue', for: 'reviewer' },
  { to: '/apps', label: 'Apps', for: 'admin' },
  { to: '/apps', label: 'My apps', for: 'others' },
  { to: '/developers', label: 'Developers', for: 'admin' },
  { to: '/audit', label: 'Audit log', for: 'admin' },
  { to: '/system', label: 'System', for: 'admin' },
  { to: '/account', label: 'Account' },
  { to: '/api-keys', label: 'API keys' },
];

/** The main navigation of somebody: only what they may open. */
export function navigationOf(who: { isReviewer: boolean; isAdmin: boolean }): NavigationLink[] {
  return LINKS.filter((link) => {
    if (link.for === 'admin') return who.isAdmin;
    if (link.for === 'others') return !who.isAdmin;
    return link.for === 'reviewer' ? who.isReviewer : true;
  });
}
