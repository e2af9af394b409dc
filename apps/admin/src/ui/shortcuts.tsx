import { Button, Kbd, Switch } from '@mantine/core';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Dialog } from './Dialog';
import classes from './shortcuts.module.css';

/** A key of a screen and what it does. */
export interface Shortcut {
  key: string;
  label: string;
  run: () => void;
}

const SETTING = 'mosis-shortcuts';
const settingListeners = new Set<() => void>();

function areOn(): boolean {
  return localStorage.getItem(SETTING) !== 'off';
}

function turn(on: boolean): void {
  localStorage.setItem(SETTING, on ? 'on' : 'off');
  for (const listener of settingListeners) listener();
}

function useAreOn(): boolean {
  return useSyncExternalStore((listener) => {
    settingListeners.add(listener);
    return () => settingListeners.delete(listener);
  }, areOn);
}

/** Somebody writes, or answers a dialog: a letter is a letter then. */
function isBusy({ target }: KeyboardEvent): boolean {
  if (document.querySelector('[role="dialog"], [role="menu"]') !== null) return true;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

interface ShortcutsProps {
  shortcuts: readonly Shortcut[];
  /** Words of the screen that a newcomer does not know, each with what it means; they stand below the keys. */
  words?: readonly (readonly [word: string, meaning: string])[];
}

/**
 * Listens to single keys as long as the screen is shown, and offers the list of them, on `?` as well. Single keys can be
 * turned off there, because somebody who speaks to the computer types them without meaning to.
 */
export function Shortcuts({ shortcuts, words = [] }: ShortcutsProps) {
  const [isOpen, setOpen] = useState(false);
  const on = useAreOn();
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event) || !areOn()) return;
      if (event.key === '?') setOpen(true);
      else {
        const found = latest.current.find(({ key }) => key === event.key);
        if (!found) return;
        found.run();
      }
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <Button variant="default" className={classes.open} onClick={() => setOpen(true)}>
        Keys{' '}
        <Kbd size="xs" ml={6}>
          ?
        </Kbd>
      </Button>
      <Dialog title="Keys of this screen" isOpen={isOpen} onClose={() => setOpen(false)}>
        <table className={classes.list}>
          <tbody>
            {[...shortcuts, { key: '?', label: 'This list' }].map(({ key, label }) => (
              <tr key={key}>
                <th scope="row">
                  <Kbd>{key}</Kbd>
                </th>
                <td>{label}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">
                <Kbd>Enter</Kbd>
              </th>
              <td>Open what is focused</td>
            </tr>
          </tbody>
        </table>
        {words.length > 0 && (
          <dl className={classes.words}>
            {words.map(([word, meaning]) => (
              <div key={word}>
                <dt>{word}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        )}
        <Switch
          mt="md"
          label="Single keys do something"
          checked={on}
          onChange={(event) => turn(event.currentTarget.checked)}
        />
      </Dialog>
    </>
  );
}
