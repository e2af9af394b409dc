import type { AdminDeveloper } from '../../api/schema';
import { Tag } from '../../ui/Tag';

/** How an account stands, in a word. */
export function AccountState({ developer }: { developer: AdminDeveloper }) {
  if (developer.deleted_at !== null) return <Tag>deleted</Tag>;
  if (developer.suspended_at !== null) return <Tag tone="bad">suspended</Tag>;
  return developer.verified ? <Tag tone="good">verified</Tag> : <Tag tone="warn">not verified</Tag>;
}
