import type { ReactNode } from 'react';
import classes from './Columns.module.css';

/** Sections below each other, with the space between them that every screen has. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className={classes.columns}>{children}</div>;
}

/** Sections beside each other where the screen is wide. */
export function Beside({ children }: { children: ReactNode }) {
  return <div className={classes.beside}>{children}</div>;
}
