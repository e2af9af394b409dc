import type { ReactNode } from 'react';
import classes from './Bare.module.css';

/** A single sheet in the middle, for what stands outside the navigation. */
export function Bare({ children }: { children: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.sheet}>
        <p className={classes.brand}>Mosis console</p>
        {children}
      </div>
    </main>
  );
}
