import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { call } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { sessionQuery } from '../../api/session';
import { useAction } from '../../api/use-action';
import { Dialog } from '../../ui/Dialog';
import { ProblemNotice } from '../../ui/ProblemNotice';

/** Deleting needs the address typed in: it cannot be undone. */
export function DeleteAccount({ email }: { email: string }) {
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const deleting = useAction({
    mutationFn: () => call('DELETE /v1/me', {}),
    onSuccess: () => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, null);
    },
  });
  return (
    <>
      <p>Your keys stop working and your name is taken away. Published apps stay in the store.</p>
      <Button mt="sm" variant="default" onClick={() => setOpen(true)}>
        Delete account …
      </Button>
      <Dialog title="Delete the account for good?" isOpen={isOpen} onClose={() => setOpen(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            deleting.mutate();
          }}
        >
          <Stack gap="sm">
            <TextInput
              label={`Type ${email} to confirm`}
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              data-autofocus
            />
            {deleting.error && <ProblemNotice error={deleting.error} />}
            <Button type="submit" color="red" disabled={typed !== email} loading={deleting.isPending}>
              Delete for good
            </Button>
          </Stack>
        </form>
      </Dialog>
    </>
  );
}
