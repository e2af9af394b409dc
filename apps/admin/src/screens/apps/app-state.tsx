import type { App } from '../../api/schema';
import { Tag } from '../../ui/Tag';

/** How an app stands in the store, in a word. */
export function AppState({ app }: { app: Pick<App, 'status' | 'suspended_at' | 'withdrawn_at'> }) {
  if (app.suspended_at !== null) return <Tag tone="bad">suspended</Tag>;
  if (app.withdrawn_at !== null) return <Tag tone="warn">withdrawn</Tag>;
  return app.status === 'published' ? <Tag tone="good">published</Tag> : <Tag>draft</Tag>;
}
