import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { signIn } from '../../api/session';
import { useAction } from '../../api/use-action';
import { ProblemNotice } from '../../ui/ProblemNotice';

interface SignInFormProps {
  email?: string;
  onDone?: () => void;
}

/** E-mail and password. */
export function SignInForm({ email: knownEmail = '', onDone }: SignInFormProps) {
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState('');
  const signingIn = useAction({ mutationFn: () => signIn(email, password), onSuccess: onDone });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signingIn.mutate();
      }}
    >
      <Stack gap="sm" mt="sm">
        <TextInput
          label="E-mail address"
          type="email"
          name="email"
          autoComplete="username"
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          data-autofocus={knownEmail === '' || undefined}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-autofocus={knownEmail !== '' || undefined}
        />
        {signingIn.error && <ProblemNotice error={signingIn.error} />}
        <Button type="submit" size="sm" loading={signingIn.isPending}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
