/** The search of an address with one filter changed, from the first page on. */
export function withFilter<Search extends { cursor?: string }>(search: Search, name: string, value: string): Search {
  const { cursor: _cursor, ...rest } = search;
  const changed = Object.entries({ ...rest, [name]: value }).filter(([, entry]) => entry !== '');
  return Object.fromEntries(changed) as Search;
}

/** Leaves out what an address does not say. */
export function compact<Search extends object>(
  search: Search,
): {
  [Name in keyof Search]?: Exclude<Search[Name], undefined>;
} {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never;
}
