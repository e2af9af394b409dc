import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readCursor, readText, type CursorSearch } from '../../ui/paging';
import { compact } from '../../ui/with-filter';

/** What the address of the audit log says; days are dates of the reader's time zone. */
export interface AuditSearch extends CursorSearch {
  action?: string;
  actor_id?: string;
  subject_kind?: string;
  subject_id?: string;
  from?: string;
  to?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function readDay(value: unknown): string | undefined {
  return typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** The audit log. */
export const auditRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    ...readCursor(search),
    ...compact({
      action: readText(search.action),
      actor_id: readText(search.actor_id, 36),
      subject_kind: readText(search.subject_kind, 50),
      subject_id: readText(search.subject_id, 64),
      from: readDay(search.from),
      to: readDay(search.to),
    }),
  }),
  component: lazyScreen(() => import('./AuditScreen'), 'AuditScreen'),
});
