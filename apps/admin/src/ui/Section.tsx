import { useId, type ReactNode } from 'react';
import classes from './Section.module.css';

interface SectionProps {
  title: string;
  /** Stands at the end of the heading's line. */
  aside?: ReactNode;
  /** Draws the eye: this part is why somebody has to look. */
  tone?: 'warn' | 'bad' | undefined;
  children: ReactNode;
}

/** A part of a screen on a surface of its own, with a heading. */
export function Section({ title, aside, tone, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={classes.section} data-tone={tone}>
      <div className={classes.head}>
        <h2 id={id}>{title}</h2>
        {aside && <div className={classes.aside}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
