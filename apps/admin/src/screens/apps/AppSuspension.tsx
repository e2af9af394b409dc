import { Button } from '@mantine/core';
import { useState } from 'react';
import { announce } from '../../app/announcer';
import { call } from '../../api/client';
import { queryClient } from '../../api/query-client';
import type { App } from '../../api/schema';
import { ActionButton } from '../../ui/ActionButton';
import { ReasonDialog } from '../../ui/ReasonDialog';

/** Takes an app out of the store and away from its developer, or lets it back. */
export function AppSuspension({ app }: { app: App }) {
  const [isAsking, setAsking] = useState(false);
  const path = { package_id: app.package_id };
  // Lists, the app, its versions and its trail: all may show it.
  const refresh = () => queryClient.invalidateQueries();
  if (app.suspended_at !== null) {
    return (
      <ActionButton
        label="Lift the suspension"
        done={`${app.name} is what it was before.`}
        run={async () => {
          await call('POST /v1/admin/apps/{package_id}/unsuspend', { path });
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
        title={`Suspend ${app.name}`}
        action="Suspend it"
        onConfirm={async (reason) => {
          await call('POST /v1/admin/apps/{package_id}/suspend', { path, body: { reason } });
          await refresh();
          announce(`${app.name} is suspended.`);
        }}
      >
        <p>
          The app leaves the store at once, downloads and updates included, and its developer can change nothing of it.
          Lifting the suspension brings back what was.
        </p>
      </ReasonDialog>
    </>
  );
}
