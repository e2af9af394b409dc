import { useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { CursorSearch } from './paging';
import { EmptyState } from './states';

interface EmptyPageProps {
  /** What is listed, in the plural: “reviews”. */
  noun: string;
  /** Stands there when the whole list has no rows. */
  empty: ReactNode;
}

/** Stands in place of rows. A later page that has none is no empty list: what stood on it is gone, or done. */
export function EmptyPage({ noun, empty }: EmptyPageProps) {
  const cursor = useRouterState({ select: ({ location }) => (location.search as CursorSearch).cursor });
  if (cursor === undefined) return empty;
  return <EmptyState title={`No more ${noun}`}>What stood on this page is not in the list any more.</EmptyState>;
}
