import type { ReactNode } from 'react';
import type { Tone } from './Notice';
import classes from './Tag.module.css';

/** A word about the state of something. The colour only repeats what the word says. */
export function Tag({ tone, children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={classes.tag} data-tone={tone} title={title}>
      {children}
    </span>
  );
}
