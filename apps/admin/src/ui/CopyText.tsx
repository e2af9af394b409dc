import { ActionIcon } from '@mantine/core';
import { useState } from 'react';
import classes from './CopyText.module.css';
import { Icon } from './Icon';

interface CopyTextProps {
  /** What is copied. */
  value: string;
  /** What it is, for the button's name: “digest”. */
  noun: string;
  /** Shown shortened to its first characters; the whole stands in the tooltip. */
  shownLength?: number;
  /** Its last characters instead: ids begin with a time that many share. */
  end?: boolean;
}

/** A digest, key or id with a button that copies it. */
export function CopyText({ value, noun, shownLength, end = false }: CopyTextProps) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setOutcome('copied');
    } catch {
      // Without https browsers give no clipboard.
      setOutcome('failed');
    }
  };
  const isShort = shownLength !== undefined && value.length > shownLength;
  const short = end ? `…${value.slice(-(shownLength ?? 0))}` : `${value.slice(0, shownLength)}…`;
  return (
    <span className={classes.copy}>
      <span className={classes.pair}>
        <code title={isShort ? value : undefined}>{isShort ? short : value}</code>
        <ActionIcon variant="subtle" color="gray" size={24} aria-label={`Copy ${noun}`} onClick={() => void copy()}>
          <Icon name={outcome === 'copied' ? 'check' : 'copy'} size={14} />
        </ActionIcon>
      </span>
      <span role="status" className={outcome === 'failed' ? classes.failed : 'visually-hidden'}>
        {outcome === 'copied' && 'Copied'}
        {outcome === 'failed' && 'The browser does not allow it here; select the text instead.'}
      </span>
    </span>
  );
}
