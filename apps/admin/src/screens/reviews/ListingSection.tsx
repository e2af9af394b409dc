import type { ReactNode } from 'react';
import type { ReviewDetail } from '../../api/schema';
import { Facts } from '../../ui/Facts';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import { AppIcon } from '../../ui/AppIcon';
import classes from './ReviewScreen.module.css';

type Field = keyof ReviewDetail['listing'];
const NAMES: [Field, string][] = [
  ['name', 'Name'],
  ['developer_name', 'Developer'],
  ['category', 'Category'],
  ['tags', 'Tags'],
  ['icon_sha256', 'Icon'],
  ['description', 'Description'],
];

/** The store page as it would be shown, each changed field with what it was. */
export function ListingSection({ review }: { review: ReviewDetail }) {
  const { listing, listing_changes: changes, package_id: packageId } = review;
  const show = (field: Field, value: unknown): ReactNode =>
    field === 'icon_sha256' ? (
      <AppIcon packageId={packageId} sha256={value as string | null} label="Icon" />
    ) : Array.isArray(value) ? (
      value.join(', ')
    ) : (
      String(value)
    );
  const aside = changes.length === 0 ? 'nothing changed' : `${changes.length} changed`;
  return (
    <Section title="Store page" aside={review.history.length === 0 ? 'first one' : aside}>
      <Facts
        facts={NAMES.map(([field, name]) => {
          const change = changes.find((each) => each.field === field);
          const value = listing[field];
          if (!change)
            return [
              name,
              value === '' || value === null ? (
                <Nothing key={field} />
              ) : (
                <div className={classes.prose}>{show(field, value)}</div>
              ),
            ];
          return [
            name,
            <div key={field}>
              <Tag tone="warn">changed</Tag>
              <Side name="Before" className={classes.before}>
                {show(field, change.before)}
              </Side>
              <Side name="Now" className={classes.after}>
                {show(field, change.after)}
              </Side>
            </div>,
          ];
        })}
      />
    </Section>
  );
}

function Nothing() {
  return <span className={classes.quiet}>none</span>;
}

function Side({ name, className, children }: { name: string; className: string | undefined; children: ReactNode }) {
  return (
    <div className={`${classes.change} ${className}`}>
      <span className="visually-hidden">{name}: </span>
      {children === '' ? <Nothing /> : children}
    </div>
  );
}
