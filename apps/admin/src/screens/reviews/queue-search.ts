import { readCursor, readText, readWord, type CursorSearch } from '../../ui/paging';

export const STATUSES = ['decided', 'all'] as const;
export const KINDS = ['version', 'listing'] as const;
export const CLAIMS = ['me', 'nobody'] as const;

/** What the address of the queue says; what is absent is the usual: pending, both kinds, claimed or not. */
export interface QueueSearch extends CursorSearch {
  status?: (typeof STATUSES)[number];
  kind?: (typeof KINDS)[number];
  claimed?: (typeof CLAIMS)[number];
  q?: string;
}

/** Reads the filters of the queue from an address; what makes no sense is left out. */
export function readSearch(search: Record<string, unknown>): QueueSearch {
  const found = {
    ...readCursor(search),
    status: readWord(search.status, STATUSES),
    kind: readWord(search.kind, KINDS),
    claimed: readWord(search.claimed, CLAIMS),
    q: readText(search.q),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
