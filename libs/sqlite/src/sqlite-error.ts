/**
 * Whether SQLite refused something, with this code or one that extends it: `SQLITE_BUSY` is also `SQLITE_BUSY_SNAPSHOT`.
 * Asks for the code and not for the class: a process that loads better-sqlite3 twice, as tests do, has two classes.
 */
export function isSqliteError(error: unknown, code: `SQLITE_${string}`): error is Error & { code: string } {
  const found = (error as { code?: unknown } | null | undefined)?.code;
  return typeof found === 'string' && (found === code || found.startsWith(`${code}_`));
}
