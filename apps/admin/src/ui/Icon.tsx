/** Strokes on a 16 × 16 grid; a name that says what it means, not what it looks like. */
const PATHS = {
  blank: '',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  close: 'M4 4l8 8M12 4l-8 8',
  down: 'M4.5 6.5L8 10l3.5-3.5',
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  person: 'M8 8a2.75 2.75 0 100-5.5A2.75 2.75 0 008 8zM3 13.5c.6-2.4 2.6-3.5 5-3.5s4.4 1.1 5 3.5',
  warning: 'M8 2.5l6 11H2l6-11zM8 6.5v3.2M8 11.6v.1',
  info: 'M8 14A6 6 0 108 2a6 6 0 000 12zM8 7.2v3.6M8 5.1v.1',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5.3a2.5 2.5 0 015 0v2.2',
  inbox: 'M2.5 9.5l2-6h7l2 6v4h-11zM2.5 9.5h3.2l.8 1.5h3l.8-1.5h3.2',
  search: 'M7 11.5a4.5 4.5 0 100-9 4.5 4.5 0 000 9zM10.3 10.3l3.2 3.2',
  copy: 'M6 6h7v7.5H6zM3.5 10V2.5H10',
  next: 'M6.5 4.5L10 8l-3.5 3.5',
  previous: 'M9.5 4.5L6 8l3.5 3.5',
  refresh: 'M13 8a5 5 0 11-1.5-3.6M13 2.5v2.6h-2.6',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  clock: 'M8 14A6 6 0 108 2a6 6 0 000 12zM8 4.8V8l2.2 1.6',
  key: 'M10.5 8.5a3 3 0 10-2.8-2L3 11.2V13h1.8l.2-1.2h1.2l.2-1.2h1.2l1-1.1M11 5.4v.1',
  download: 'M8 2.5v7M5 7l3 3 3-3M3 13h10',
} as const;

export type IconName = keyof typeof PATHS;

/** A small drawing beside words; it says nothing to screen readers, so the words have to. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
