import { useEffect, useState } from 'react';
import { onSignedOut } from '../api/client';
import type { Developer } from '../api/schema';
import { Dialog } from '../ui/Dialog';
import { SignInForm } from '../screens/sign-in/SignInForm';

/** Asks for the password when the session ends midway. The screen below stays as it is, with whatever was typed. */
export function SignInAgain({ session }: { session: Developer }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => onSignedOut(() => setOver(true)), []);
  return (
    <Dialog title="Your session has ended" isOpen={isOver}>
      <p>Sign in again to go on where you are. Nothing on the page is lost.</p>
      <SignInForm email={session.email} onDone={() => setOver(false)} />
    </Dialog>
  );
}
