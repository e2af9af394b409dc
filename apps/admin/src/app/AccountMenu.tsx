import { Menu, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { signOut } from '../api/session';
import type { Developer } from '../api/schema';
import { useAction } from '../api/use-action';
import { Icon } from '../ui/Icon';
import { ProblemNotice } from '../ui/ProblemNotice';
import classes from './AccountMenu.module.css';

const SCHEMES: { value: MantineColorScheme; label: string }[] = [
  { value: 'auto', label: 'Colours of the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

/** Who is signed in, the colour scheme, and the way out. */
export function AccountMenu({ session }: { session: Developer }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leaving = useAction({ mutationFn: signOut });
  return (
    <Menu position="bottom-end" width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.button}>
          <Icon name="person" />
          <span className={classes.name}>{session.name}</span>
          <span className="visually-hidden">, account menu</span>
          <Icon name="down" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <p className={classes.who}>
          {session.email}
          <br />
          {session.role}
        </p>
        <Menu.Item component={Link} to="/account">
          Account
        </Menu.Item>
        <Menu.Item component={Link} to="/api-keys">
          API keys
        </Menu.Item>
        <Menu.Divider />
        {SCHEMES.map(({ value, label }) => (
          <Menu.Item
            key={value}
            onClick={() => setColorScheme(value)}
            aria-current={colorScheme === value || undefined}
            leftSection={<Icon name={colorScheme === value ? 'check' : 'blank'} />}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        {leaving.error && <ProblemNotice error={leaving.error} />}
        <Menu.Item closeMenuOnClick={false} onClick={() => leaving.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
