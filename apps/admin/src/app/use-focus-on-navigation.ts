import { useEffect, useRef, type RefObject } from 'react';

/** After a change of screen the focus moves to the content, so that keyboard and screen reader start there. */
export function useFocusOnNavigation(main: RefObject<HTMLElement | null>, pathname: string): void {
  const previous = useRef(pathname);
  useEffect(() => {
    if (previous.current === pathname) return;
    previous.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [main, pathname]);
}
