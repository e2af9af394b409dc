import type { ReviewDetail } from '../../api/schema';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './ReviewScreen.module.css';

/** What the version asks the device for, against the last approved one. */
export function PermissionsSection({ review: { changes } }: { review: ReviewDetail }) {
  if (changes === null) return null;
  const { added, removed, unchanged } = changes.permissions;
  const against = changes.against
    ? `against ${changes.against.version_name}`
    : 'first version: nothing to compare with';
  return (
    <Section title="Permissions" aside={against} tone={changes.against && added.length > 0 ? 'warn' : undefined}>
      {added.length + removed.length + unchanged.length === 0 && <p className={classes.quiet}>It asks for none.</p>}
      <Group name={changes.against ? 'New' : 'Asks for'} tone="warn" permissions={added} />
      <Group name="No more" permissions={removed} />
      <Group name="As before" permissions={unchanged} />
    </Section>
  );
}

function Group({ name, tone, permissions }: { name: string; tone?: 'warn'; permissions: string[] }) {
  if (permissions.length === 0) return null;
  return (
    <div className={classes.pair}>
      <span className={classes.quiet}>{name}</span>
      <span className={classes.tags}>
        {permissions.map((permission) => (
          <Tag key={permission} tone={tone}>
            {permission}
          </Tag>
        ))}
      </span>
    </div>
  );
}
