import { Button, Skeleton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError, isDenied } from '../api/problem';
import { Icon, type IconName } from './Icon';
import { ProblemNotice } from './ProblemNotice';
import classes from './states.module.css';

interface StateProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
}

function State({ icon, title, children }: StateProps) {
  return (
    <div className={classes.state}>
      <Icon name={icon} size={28} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Nothing is there, and that is no fault: says why and what comes next. */
export function EmptyState({ icon = 'inbox', title, children }: Partial<StateProps> & { title: string }) {
  return (
    <State icon={icon} title={title}>
      {children}
    </State>
  );
}

/** The account may not see this; says who may. */
export function DeniedState({ error }: { error: ApiError }) {
  return (
    <State icon="lock" title="This is not for your account">
      <p>{error.message}</p>
      <p>An admin can change your role; sign out to use another account.</p>
    </State>
  );
}

/** Something is on its way: shapes of what comes, and a word for screen readers. */
export function LoadingState({ rows = 6, label = 'Loading …' }: { rows?: number; label?: string }) {
  return (
    <div className={classes.loading} role="status" data-loading>
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={row === 0 ? 22 : 36} width={row === 0 ? '30%' : '100%'} />
      ))}
    </div>
  );
}

/** A screen's data could not be read: what happened, and trying again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (isDenied(error)) return <DeniedState error={error as ApiError} />;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <State icon="search" title="There is no such thing">
        <p>{error.message} It may have been removed, or the address is mistyped.</p>
      </State>
    );
  }
  return (
    <ProblemNotice error={error}>
      {onRetry && (
        <Button mt="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </ProblemNotice>
  );
}

interface LoadedProps<Data> {
  query: UseQueryResult<Data>;
  loading?: ReactNode;
  children: (data: Data) => ReactNode;
}

/** Shows what a query answers, or how it stands. What is on the screen stays when reading it anew fails. */
export function Loaded<Data>({ query, loading = <LoadingState />, children }: LoadedProps<Data>) {
  const { data, error, isPending, refetch } = query;
  if (data !== undefined) {
    return (
      <>
        {error && <ErrorState error={error} onRetry={() => void refetch()} />}
        {children(data)}
      </>
    );
  }
  if (isPending) return loading;
  return <ErrorState error={error} onRetry={() => void refetch()} />;
}
