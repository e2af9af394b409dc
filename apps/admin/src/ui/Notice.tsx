import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import classes from './Notice.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'info';

const ICONS: Record<Tone, IconName> = { good: 'check', warn: 'warning', bad: 'warning', info: 'info' };

/** A sentence that matters, where it belongs. `bad` is read out at once. */
export function Notice({ tone, title, children }: { tone: Tone; title?: ReactNode; children?: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={ICONS[tone]} />
      <div className={classes.text}>
        {title && <p className={classes.title}>{title}</p>}
        {children}
      </div>
    </div>
  );
}
