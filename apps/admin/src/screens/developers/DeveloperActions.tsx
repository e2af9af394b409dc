import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { announce } from '../../app/announcer';
import { call } from '../../api/client';
import { queryClient } from '../../api/query-client';
import type { AdminDeveloper } from '../../api/schema';
import { useAction } from '../../api/use-action';
import { ActionButton } from '../../ui/ActionButton';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { Suspension } from '../../ui/Suspension';

const ROLES = [
  { value: 'developer', label: 'Developer' },
  { value: 'reviewer', label: 'Reviewer' },
  { value: 'admin', label: 'Admin' },
];

const refresh = () => queryClient.invalidateQueries();

/** What an admin can do about an account. */
export function DeveloperActions({ developer }: { developer: AdminDeveloper }) {
  return (
    <>
      {!developer.verified && (
        <ActionButton
          label="Mark as verified"
          done={`${developer.name} counts as verified.`}
          run={async () => {
            await call('PATCH /v1/admin/developers/{id}', { path: { id: developer.id }, body: { verified: true } });
            await refresh();
          }}
        />
      )}
      <RoleChoice developer={developer} />
      <AccountSuspension developer={developer} />
    </>
  );
}

function RoleChoice({ developer }: { developer: AdminDeveloper }) {
  const [chosen, setChosen] = useState(developer.role);
  const changing = useAction({
    mutationFn: () => call('PATCH /v1/admin/developers/{id}', { path: { id: developer.id }, body: { role: chosen } }),
    onSuccess: async () => {
      await refresh();
      announce(`${developer.name} has the role ${chosen}.`);
    },
  });
  return (
    <div>
      <NativeSelect
        aria-label="Role"
        data={ROLES}
        value={chosen}
        onChange={(event) => setChosen(event.currentTarget.value as AdminDeveloper['role'])}
      />
      {chosen !== developer.role && (
        <Button mt={4} loading={changing.isPending} onClick={() => changing.mutate()}>
          Give the role {chosen}
        </Button>
      )}
      {changing.error && <ProblemNotice error={changing.error} />}
    </div>
  );
}

function AccountSuspension({ developer }: { developer: AdminDeveloper }) {
  const path = { id: developer.id };
  return (
    <Suspension
      name={developer.name}
      isSuspended={developer.suspended_at !== null}
      action="Suspend the account"
      suspend={(reason) => call('POST /v1/admin/developers/{id}/suspend', { path, body: { reason } })}
      unsuspend={() => call('POST /v1/admin/developers/{id}/unsuspend', { path })}
      lifted={`${developer.name} may work again.`}
    >
      <p>
        Every app of this account leaves the store at once. It can sign in nowhere, and its keys stop working, until the
        suspension is lifted.
      </p>
    </Suspension>
  );
}
