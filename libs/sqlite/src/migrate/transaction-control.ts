/** Comments, quoted names, strings, words, and single characters; numbers and operators do not matter here. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_][\w$]*|\S/g;
const CONTROL = new Set(['BEGIN', 'COMMIT', 'END', 'ROLLBACK']);

/**
 * The first statement of a script that begins or ends a transaction, or `undefined` when there is none. The BEGIN and END
 * of a trigger's body do not count: as in `sqlite3_complete`, a trigger ends at the END that follows a semicolon.
 */
export function findTransactionControl(sql: string): string | undefined {
  let statement: string[] = [];
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token.startsWith('--') || token.startsWith('/*')) continue;
    if (token !== ';') {
      statement.push(token.toUpperCase());
      continue;
    }
    if (isTrigger(statement) && !(statement.at(-1) === 'END' && statement.at(-2) === ';')) {
      statement.push(';');
      continue;
    }
    if (CONTROL.has(statement[0] ?? '')) return statement[0];
    statement = [];
  }
  return CONTROL.has(statement[0] ?? '') ? statement[0] : undefined;
}

function isTrigger([create, second, third]: readonly string[]): boolean {
  if (create !== 'CREATE') return false;
  return second === 'TRIGGER' || ((second === 'TEMP' || second === 'TEMPORARY') && third === 'TRIGGER');
}
