import { Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import { onSignedOut } from '../api/client';
import type { Developer } from '../api/schema';
import { SignInForm } from '../screens/sign-in/SignInForm';

/** Asks for the password when the session ends midway. The screen below stays as it is, with whatever was typed. */
export function SignInAgain({ session }: { session: Developer }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => onSignedOut(() => setOver(true)), []);
  return (
    <Modal
      opened={isOver}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your session has ended"
      centered
      transitionProps={{ duration: 0 }}
    >
      <p>Sign in again to go on where you are. Nothing on the page is lost.</p>
      <SignInForm email={session.email} onDone={() => setOver(false)} />
    </Modal>
  );
}
