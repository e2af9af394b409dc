import type { ReactNode } from 'react';
import { ApiError } from '../api/problem';
import { Notice } from './Notice';
import classes from './Notice.module.css';

/** What went wrong, in the server's words, with what to tell the operator; `children` are what can be done about it. */
export function ProblemNotice({ error, children }: { error: unknown; children?: ReactNode }) {
  if (!(error instanceof ApiError)) {
    return (
      <Notice tone="bad" title="This page has a fault">
        <p>{error instanceof Error ? error.message : String(error)}</p>
        {children}
      </Notice>
    );
  }
  const parts = error.parts.filter(({ pointer }) => pointer !== '');
  return (
    <Notice tone="bad" title={error.title}>
      <p>{error.message}</p>
      {parts.length > 1 && (
        <ul className={classes.parts}>
          {parts.map(({ pointer, detail }) => (
            <li key={pointer}>
              {pointer.slice(1).replaceAll('_', ' ')}: {detail}
            </li>
          ))}
        </ul>
      )}
      {error.retryAfterSeconds !== undefined && !error.message.includes('Try again in') && (
        <p>Try again in {error.retryAfterSeconds} seconds.</p>
      )}
      {error.requestId && (
        <p className={classes.request}>
          For the operator: <code>{error.code}</code>, request <code>{error.requestId}</code>
        </p>
      )}
      {children}
    </Notice>
  );
}
