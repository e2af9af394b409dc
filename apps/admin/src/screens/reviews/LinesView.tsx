import { Button } from '@mantine/core';
import { useState } from 'react';
import { plural } from '../../ui/format';
import classes from './FileView.module.css';
import { splitHidden, type DiffLine } from './text-diff';

const SHOWN_AT_FIRST = 400;
const SIGNS = { same: ' ', added: '+', removed: '−', gap: '' } as const;

/** Lines with their numbers; hidden characters stand out by their code. */
export function LinesView({ lines, label }: { lines: DiffLine[]; label: string }) {
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  if (lines.length === 0) return <p>The text is the same; only bytes around it differ.</p>;
  return (
    <>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
        <table className={classes.lines}>
          <tbody>
            {lines.slice(0, shown).map((line, index) => (
              <tr key={index} data-kind={line.kind}>
                <td className={classes.number}>{line.before}</td>
                <td className={classes.number}>{line.after}</td>
                <td className={classes.sign}>
                  <span aria-hidden="true">{SIGNS[line.kind]}</span>
                  {line.kind !== 'same' && <span className="visually-hidden">{line.kind}</span>}
                </td>
                <td className={classes.text}>{line.kind === 'gap' ? '⋯' : <Text text={line.text} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > shown && (
        <Button mt="xs" variant="default" onClick={() => setShown(shown + 5 * SHOWN_AT_FIRST)}>
          Show {plural(Math.min(lines.length - shown, 5 * SHOWN_AT_FIRST), 'more line', 'more lines')}
        </Button>
      )}
    </>
  );
}

function Text({ text }: { text: string }) {
  const parts = splitHidden(text);
  if (parts.length === 1) return parts[0];
  return parts.map((part, index) => (index % 2 === 0 ? part : <mark key={index}>{part}</mark>));
}
