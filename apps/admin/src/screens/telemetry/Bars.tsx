import { formatCount } from '../../ui/format';
import classes from './TelemetryScreen.module.css';

/** Values beside each other, as lengths and as figures. */
export function Bars({ items, label }: { items: readonly { name: string; value: number }[]; label: string }) {
  const largest = Math.max(1, ...items.map(({ value }) => value));
  return (
    <ul className={classes.bars} aria-label={label}>
      {items.map(({ name, value }) => (
        <li key={name}>
          <span className={classes.name}>{name}</span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect width={(value / largest) * 100} height={10} />
          </svg>
          <span className={classes.value}>{formatCount(value)}</span>
        </li>
      ))}
    </ul>
  );
}
