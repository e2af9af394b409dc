import { useEffect } from 'react';

/** The name of the page: the subject first, since tabs are narrow. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Mosis console`;
  }, [title]);
}
