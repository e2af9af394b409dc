import { Button, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../../api/problem';
import { useAction } from '../../api/use-action';
import { Notice } from '../../ui/Notice';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { useTitle } from '../../ui/use-title';

type Values = Partial<Record<string, string>>;
type ErrorOf = (field: string) => string | undefined;

interface LinkFormProps {
  title: string;
  lead: string;
  action: string;
  send: (values: Values) => Promise<unknown>;
  done: ReactNode;
  children?: (errorOf: ErrorOf) => ReactNode;
}

/** One form that sends one request and says how it went. */
export function LinkForm({ title, lead, action, send, done, children }: LinkFormProps) {
  useTitle(title);
  const sending = useAction({ mutationFn: send });
  const { error } = sending;
  const errorOf: ErrorOf = (field) => (error instanceof ApiError ? error.partFor(`/${field}`) : undefined);
  return (
    <Stack gap="sm">
      <h1>{title}</h1>
      {sending.isSuccess ? (
        <Notice tone="good">{done}</Notice>
      ) : (
        <>
          <p>{lead}</p>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              sending.mutate(Object.fromEntries(new FormData(event.currentTarget)) as Values);
            }}
          >
            <Stack gap="sm">
              {children?.(errorOf)}
              {error && <ProblemNotice error={error} />}
              <Button type="submit" size="sm" loading={sending.isPending}>
                {action}
              </Button>
            </Stack>
          </form>
        </>
      )}
    </Stack>
  );
}

/** The page was opened without its link. */
export function NoToken({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <Stack gap="sm">
      <h1>{title}</h1>
      <Notice tone="warn">
        <p>{children}</p>
      </Notice>
    </Stack>
  );
}
