import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { isAdmin, isReviewer, useSession } from '../api/session';
import { Icon } from '../ui/Icon';
import { AccountMenu } from './AccountMenu';
import { useFocusOnNavigation } from './use-focus-on-navigation';
import { navigationOf } from './navigation';
import classes from './Shell.module.css';

/** What stands around every screen behind the sign-in: skip link, navigation, account. */
export function Shell() {
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  useFocusOnNavigation(main, pathname);
  const links = navigationOf({ isReviewer: isReviewer(session), isAdmin: isAdmin(session) });

  return (
    <>
      <a
        href="#main"
        className={classes.skip}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <button
            type="button"
            className={classes.burger}
            aria-expanded={isOpen}
            aria-controls="navigation"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name={isOpen ? 'close' : 'menu'} />
            <span className="visually-hidden">{isOpen ? 'Close navigation' : 'Open navigation'}</span>
          </button>
          <Link to="/" className={classes.brand}>
            <span className={classes.mark} aria-hidden="true">
              M
            </span>
            Mosis console
          </Link>
          <nav id="navigation" aria-label="Main" className={classes.navigation} data-open={isOpen || undefined}>
            <ul>
              {links.map(({ to, label }) => (
                <li key={to}>
                  <Link
                    to={to}
                    className={classes.link}
                    activeProps={{ 'aria-current': 'page' }}
                    onClick={() => setOpen(false)}
                  >
                    {label}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <AccountMenu session={session} />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
    </>
  );
}
