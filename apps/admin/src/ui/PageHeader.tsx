import type { ReactNode } from 'react';
import classes from './PageHeader.module.css';
import { useTitle } from './use-title';

interface PageHeaderProps {
  title: string;
  /** A sentence or figures below the title. */
  lead?: ReactNode;
  /** Buttons at the end of the line. */
  actions?: ReactNode;
}

/** The heading of a screen; it names the page as well. */
export function PageHeader({ title, lead, actions }: PageHeaderProps) {
  useTitle(title);
  return (
    <div className={classes.header}>
      <div className={classes.words}>
        <h1>{title}</h1>
        {lead && <p className={classes.lead}>{lead}</p>}
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </div>
  );
}
