import { PasswordInput, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { call } from '../../api/client';
import { LinkForm, NoToken } from './LinkForm';
import { useLinkToken } from './link-token';

const toSignIn = <Link to="/">To the sign-in</Link>;

/** Creates the first admin by the link that the server logs at its first start. */
export function SetupScreen() {
  const token = useLinkToken();
  if (token === undefined) {
    return (
      <NoToken title="Create the first admin">This page is opened by the one-time link in the server’s log.</NoToken>
    );
  }
  return (
    <LinkForm
      title="Create the first admin"
      lead="This link works until there is an admin."
      action="Create admin"
      send={({ name = '', email = '', password = '' }) =>
        call('POST /v1/auth/setup', { body: { token, name, email, password } })
      }
      done={<p>The admin account is there. {toSignIn}</p>}
    >
      {(errorOf) => (
        <>
          <TextInput
            name="name"
            label="Name"
            autoComplete="name"
            required
            withAsterisk={false}
            error={errorOf('name')}
          />
          <EmailInput error={errorOf('email')} />
          <NewPasswordInput error={errorOf('password')} />
        </>
      )}
    </LinkForm>
  );
}

/** Confirms an address. */
export function VerifyEmailScreen() {
  const token = useLinkToken();
  if (token === undefined) {
    return (
      <NoToken title="Verify your e-mail address">
        This page is opened by the link of a mail. Open that link again.
      </NoToken>
    );
  }
  return (
    <LinkForm
      title="Verify your e-mail address"
      lead="Confirm that this address is yours."
      action="Verify"
      send={() => call('POST /v1/auth/verify-email', { body: { token } })}
      done={<p>The address is verified. You can submit versions for review now. {toSignIn}</p>}
    />
  );
}

/** Sets a new password by the link of a mail. */
export function ResetPasswordScreen() {
  const token = useLinkToken();
  if (token === undefined) {
    return (
      <NoToken title="Choose a new password">
        This page is opened by the link of a mail. <Link to="/forgot-password">Ask for a new mail</Link>
      </NoToken>
    );
  }
  return (
    <LinkForm
      title="Choose a new password"
      lead="Every session of yours ends with it."
      action="Set password"
      send={({ password = '' }) => call('POST /v1/auth/reset-password', { body: { token, password } })}
      done={<p>The password is set. {toSignIn}</p>}
    >
      {(errorOf) => <NewPasswordInput error={errorOf('password')} />}
    </LinkForm>
  );
}

/** Asks for the mail with that link. */
export function ForgotPasswordScreen() {
  return (
    <LinkForm
      title="Forgot your password?"
      lead="A link to a new one comes by mail, if the address has an account."
      action="Send link"
      send={({ email = '' }) => call('POST /v1/auth/forgot-password', { body: { email } })}
      done={<p>If the address has an account, a mail is on its way. {toSignIn}</p>}
    >
      {(errorOf) => <EmailInput error={errorOf('email')} />}
    </LinkForm>
  );
}

function EmailInput({ error }: { error: string | undefined }) {
  return (
    <TextInput
      name="email"
      label="E-mail address"
      type="email"
      autoComplete="email"
      required
      withAsterisk={false}
      error={error}
    />
  );
}

function NewPasswordInput({ error }: { error: string | undefined }) {
  return (
    <PasswordInput
      name="password"
      label="New password"
      description="At least 8 characters."
      autoComplete="new-password"
      required
      withAsterisk={false}
      minLength={8}
      error={error}
    />
  );
}
