import { useEffect, useRef, useState, type FocusEvent, type RefObject } from 'react';

interface RowKeys {
  /** The row that is marked. */
  selected: string | undefined;
  /** Its id, or that of the first row when none is marked. */
  current: () => string | undefined;
  /** Moves the mark, and the focus with it. */
  move: (step: 1 | -1) => void;
  onFocus: (event: FocusEvent) => void;
}

/**
 * Moving through the rows of a table by keys. The focus is what moves, so that Enter opens and a screen reader reads. When
 * the marked row goes, the place stays: the next key leads to what took it.
 */
export function useRowKeys(table: RefObject<HTMLElement | null>, ids: readonly string[], startAt?: string): RowKeys {
  const [selected, setSelected] = useState(startAt);
  const place = useRef(0);
  const index = selected === undefined ? -1 : ids.indexOf(selected);
  useEffect(() => {
    if (index >= 0) place.current = index;
  }, [index]);

  const focusRow = (id: string) => {
    const row = table.current?.querySelector(`tr[data-key="${CSS.escape(id)}"] [data-review-link]`);
    if (row instanceof HTMLElement) row.focus();
  };
  return {
    selected: index >= 0 ? selected : undefined,
    current: () => ids[index >= 0 ? index : Math.min(place.current, ids.length - 1)],
    move: (step) => {
      const from = index >= 0 ? index + step : Math.min(place.current, ids.length - 1);
      const id = ids[Math.max(0, Math.min(from, ids.length - 1))];
      if (id === undefined) return;
      setSelected(id);
      focusRow(id);
    },
    onFocus: (event) => {
      const key = (event.target as HTMLElement).closest('tr[data-key]')?.getAttribute('data-key');
      if (key) setSelected(key);
    },
  };
}
