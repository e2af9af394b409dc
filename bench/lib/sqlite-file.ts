import Database from 'better-sqlite3';

/** Bytes of a database in use, what is still in its WAL included, free pages left out. */
export function usedBytes(file: string): number {
  const db = new Database(file, { readonly: true });
  try {
    const pragma = (name: string) => db.pragma(name, { simple: true }) as number;
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  } finally {
    db.close();
  }
}
