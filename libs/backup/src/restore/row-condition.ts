/** A condition that is more than one expression, or that cannot be read. */
export class RowConditionError extends Error {
  override readonly name = 'RowConditionError';
}

/**
 * Makes sure that a text can stand in parentheses as the condition of a SELECT: one expression, whose parentheses and quotes
 * close, without comments. It is run on connections that can only read, each of which sees one file.
 *
 * @throws RowConditionError
 */
export function assertRowCondition(condition: string): void {
  let depth = 0;
  for (let at = 0; at < condition.length; at += 1) {
    const character = condition[at] as string;
    const pair = condition.slice(at, at + 2);
    const closing = { "'": "'", '"': '"', '`': '`', '[': ']' }[character];
    if (closing !== undefined) {
      const end = condition.indexOf(closing, at + 1);
      if (end < 0) throw new RowConditionError(`--where has a ${character} that does not end.`);
      at = end;
    } else if (character === ';') throw new RowConditionError('--where takes one condition, not several statements.');
    else if (pair === '--' || pair === '/*') throw new RowConditionError('--where takes no comments.');
    else if (character === '(') depth += 1;
    else if (character === ')' && (depth -= 1) < 0) break;
  }
  if (depth !== 0) throw new RowConditionError('--where has parentheses that do not match.');
  if (condition.trim() === '') throw new RowConditionError('--where is empty.');
}
