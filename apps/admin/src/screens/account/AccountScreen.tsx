import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { announce } from '../../app/announcer';
import { addressOf, call } from '../../api/client';
import { ApiError } from '../../api/problem';
import { queryClient } from '../../api/query-client';
import { sessionQuery, useSession } from '../../api/session';
import { useAction } from '../../api/use-action';
import { Facts } from '../../ui/Facts';
import { Moment } from '../../ui/Moment';
import { PageHeader } from '../../ui/PageHeader';
import { ProblemNotice } from '../../ui/ProblemNotice';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './AccountScreen.module.css';
import { DeleteAccount } from './DeleteAccount';

/** My account: who I am, my name, my password, what is held about me, and the way out. */
export function AccountScreen() {
  const session = useSession();
  return (
    <>
      <PageHeader title="Account" lead={session.email} />
      <div className={classes.grid}>
        <Section title="You">
          <Facts
            facts={[
              ['Role', session.role],
              [
                'E-mail',
                session.verified ? (
                  <>
                    {session.email} <Tag tone="good">verified</Tag>
                  </>
                ) : (
                  <>
                    {session.email} <Tag tone="warn">not verified</Tag>
                  </>
                ),
              ],
              ['Here since', <Moment key="since" at={session.created_at} exact />],
              ['Account id', <code key="id">{session.id}</code>],
            ]}
          />
          <NameForm name={session.name} />
        </Section>
        <Section title="Password">
          <PasswordForm />
        </Section>
        <Section title="Your data">
          <p>Everything that the server holds about you, as one JSON file.</p>
          <Button
            component="a"
            mt="sm"
            variant="default"
            href={addressOf('GET /v1/me/export', {})}
            download="account.json"
          >
            Download
          </Button>
        </Section>
        <Section title="Delete the account">
          <DeleteAccount email={session.email} />
        </Section>
      </div>
    </>
  );
}

function NameForm({ name: current }: { name: string }) {
  const [name, setName] = useState(current);
  const saving = useAction({
    mutationFn: () => call('PATCH /v1/me', { body: { name } }),
    onSuccess: (developer) => {
      queryClient.setQueryData(sessionQuery.queryKey, developer);
      announce('Your name is changed.');
    },
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="The store shows it beside your apps; a change is reviewed before it does."
          value={name}
          autoComplete="name"
          required
          withAsterisk={false}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {saving.error && <ProblemNotice error={saving.error} />}
        <div>
          <Button type="submit" variant="default" disabled={name === current} loading={saving.isPending}>
            Save name
          </Button>
        </div>
      </Stack>
    </form>
  );
}

function PasswordForm() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const saving = useAction({
    mutationFn: () => call('POST /v1/me/password', { body: { current_password: current, new_password: next } }),
    onSuccess: () => {
      setCurrent('');
      setNext('');
      announce('Your password is changed. Every other session of yours has ended.');
    },
  });
  const { error } = saving;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack gap="sm">
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="At least 8 characters. Every other session ends with the change."
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={8}
          value={next}
          error={error instanceof ApiError && error.partFor('/new_password')}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        {error && <ProblemNotice error={error} />}
        <div>
          <Button type="submit" variant="default" loading={saving.isPending}>
            Change password
          </Button>
        </div>
      </Stack>
    </form>
  );
}
