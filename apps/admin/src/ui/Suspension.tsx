import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { announce } from '../app/announcer';
import { queryClient } from '../api/query-client';
import { ActionButton } from './ActionButton';
import { ReasonDialog } from './ReasonDialog';

interface SuspensionProps {
  /** Who or what is suspended. */
  name: string;
  isSuspended: boolean;
  /** On the button that confirms: “Suspend it”. */
  action: string;
  suspend: (reason: string) => Promise<unknown>;
  unsuspend: () => Promise<unknown>;
  /** Said when the suspension is lifted. */
  lifted: string;
  /** What will follow, before it is done. */
  children: ReactNode;
}

/** Suspends an app or an account with a reason, or lifts that. */
export function Suspension({ name, isSuspended, action, suspend, unsuspend, lifted, children }: SuspensionProps) {
  const [isAsking, setAsking] = useState(false);
  // Lists, details, versions and trails: all may show it.
  const refresh = () => queryClient.invalidateQueries();
  if (isSuspended) {
    return (
      <ActionButton
        label="Lift the suspension"
        done={lifted}
        run={async () => {
          await unsuspend();
          await refresh();
        }}
      />
    );
  }
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        Suspend …
      </Button>
      <ReasonDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Suspend ${name}`}
        action={action}
        onConfirm={async (reason) => {
          await suspend(reason);
          await refresh();
          announce(`${name} is suspended.`);
        }}
      >
        {children}
      </ReasonDialog>
    </>
  );
}
