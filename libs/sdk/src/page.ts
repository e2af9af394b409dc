/** The parts of a browser that tell of a page's life. */
export interface Page {
  document: EventTarget & { visibilityState: string };
  window: EventTarget;
}

export interface PageListener {
  hidden(): void;
  visible(): void;
  /** The page ends, or is frozen for the back button. */
  leaving(): void;
  online(): void;
}

/** The page that this runs in, or undefined outside of browsers. */
export function findPage(): Page | undefined {
  const { document } = globalThis as { document?: Page['document'] };
  return document && { document, window: globalThis as unknown as EventTarget };
}

/** Listens until the returned function is called. */
export function watchPage({ document, window }: Page, listener: PageListener): () => void {
  const visibility = () => (document.visibilityState === 'hidden' ? listener.hidden() : listener.visible());
  const leaving = () => listener.leaving();
  const online = () => listener.online();
  document.addEventListener('visibilitychange', visibility);
  window.addEventListener('pagehide', leaving);
  window.addEventListener('online', online);
  return () => {
    document.removeEventListener('visibilitychange', visibility);
    window.removeEventListener('pagehide', leaving);
    window.removeEventListener('online', online);
  };
}
