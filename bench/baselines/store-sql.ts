/** What a store page shows, without its texts' reviews and dates of administration. */
export const SHOWN =
  'a.seq, a.id, a.package_id, a.name, a.description, a.category, a.tags, a.icon_sha256, a.developer_name, a.first_published_at, a.last_published_at';
/** What is in the store. */
export const PUBLISHED = `a.status = 'published' AND a.withdrawn_at IS NULL`;
