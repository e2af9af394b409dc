import { Link } from '@tanstack/react-router';
import { useTitle } from '../../ui/use-title';
import { SignInForm } from './SignInForm';
import classes from './SignInScreen.module.css';

/** What is shown in place of a screen that needs an account. */
export function SignInScreen() {
  useTitle('Sign in');
  return (
    <>
      <h1>Sign in</h1>
      <SignInForm />
      <p className={classes.more}>
        <Link to="/forgot-password">Forgot your password?</Link>
      </p>
    </>
  );
}
