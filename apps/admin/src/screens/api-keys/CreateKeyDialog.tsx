import { Button, Checkbox, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { call, type BodyOf } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { useAction } from '../../api/use-action';
import { CopyText } from '../../ui/CopyText';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Notice';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { KEYS_OPERATION } from './key-state';

type Permission = BodyOf<'POST /v1/api-keys'>['permissions'][number];

const PERMISSIONS: readonly [Permission, string][] = [
  ['apps:read', 'read apps, versions and packages'],
  ['apps:write', 'create apps, change listings, withdraw, yank'],
  ['versions:upload', 'upload and submit versions'],
  ['versions:publish', 'publish approved versions'],
  ['telemetry:read', 'read telemetry'],
  ['telemetry:erase', 'have a device forgotten'],
  ['keys:manage', 'create and revoke keys'],
];
const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'without end' },
];
const DAY_MS = 24 * 60 * 60 * 1000;

/** Creates a key and shows it, this once. */
export function CreateKeyDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="New API key" isOpen={isOpen} onClose={onClose} isKept>
      <CreateKeyForm onClose={onClose} />
    </Dialog>
  );
}

function CreateKeyForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [permissions, setPermissions] = useState<Permission[]>(['versions:upload']);
  const [packageIds, setPackageIds] = useState('');
  const [lifetimeDays, setLifetimeDays] = useState('90');
  const creating = useAction({
    mutationFn: () =>
      call('POST /v1/api-keys', {
        body: {
          name,
          permissions,
          app_package_ids: listOf(packageIds),
          expires_at: lifetimeDays === '' ? null : new Date(Date.now() + Number(lifetimeDays) * DAY_MS).toISOString(),
        },
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: [KEYS_OPERATION] }),
  });
  if (creating.data) {
    return (
      <Stack gap="sm">
        <Notice tone="good" title="The key is there">
          <p>Copy it now: it is shown this once, and the server keeps only its digest.</p>
        </Notice>
        <CopyText value={creating.data.key ?? ''} noun="key" />
        <Button onClick={onClose}>I have copied it</Button>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        creating.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="What it is for, such as “CI of Tide Chart”."
          required
          withAsterisk={false}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Checkbox.Group label="It may" value={permissions} onChange={(chosen) => setPermissions(chosen)}>
          <Stack gap={8} mt={8}>
            {PERMISSIONS.map(([permission, meaning]) => (
              <Checkbox key={permission} size="xs" value={permission} label={`${permission}: ${meaning}`} />
            ))}
          </Stack>
        </Checkbox.Group>
        <TextInput
          label="Only for these apps"
          description="Package ids, a comma between them. Empty means every app of yours."
          value={packageIds}
          onChange={(event) => setPackageIds(event.currentTarget.value)}
        />
        <NativeSelect
          label="It works for"
          data={LIFETIMES}
          value={lifetimeDays}
          onChange={(event) => setLifetimeDays(event.currentTarget.value)}
        />
        {creating.error && <ProblemNotice error={creating.error} />}
        <Button type="submit" disabled={permissions.length === 0} loading={creating.isPending}>
          Create key
        </Button>
      </Stack>
    </form>
  );
}

function listOf(text: string): string[] | null {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  return ids.length === 0 ? null : ids;
}
