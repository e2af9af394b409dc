import type { ReactNode } from 'react';
import classes from './Columns.module.css';

/** Sections below each other, with the space between them that every screen has. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className={classes.columns}>{children}</div>;
}
