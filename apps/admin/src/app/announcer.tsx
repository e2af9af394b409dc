import { useEffect, useSyncExternalStore } from 'react';
import classes from './announcer.module.css';

/** How long a message stands; it says what went well, so nothing is lost when it goes. */
const SHOWN_MS = 6_000;

let current: { id: number; text: string } | undefined;
const listeners = new Set<() => void>();

function show(next: typeof current): void {
  current = next;
  for (const listener of listeners) listener();
}

/** Says that something went well, to eyes and to screen readers. A failure is shown where it happened instead. */
export function announce(text: string): void {
  show({ id: (current?.id ?? 0) + 1, text });
}

/** Where announcements appear; one per page. */
export function Announcer() {
  const message = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
  useEffect(() => {
    if (!message) return;
    const timer = setTimeout(() => show(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <div role="status" aria-live="polite" className={classes.place}>
      {message && (
        <p key={message.id} className={classes.message}>
          {message.text}
        </p>
      )}
    </div>
  );
}
