import type { ReviewDetail } from '../../api/schema';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './ReviewScreen.module.css';
import { reasonLabel, reasonTone } from './words';

/** Why a person is needed: where to look first. */
export function ReasonsSection({ review: { reasons } }: { review: ReviewDetail }) {
  return (
    <Section title="Why it needs you" tone={reasons.some(reasonTone) ? 'warn' : undefined}>
      <ul className={classes.list}>
        {reasons.map((reason) => (
          <li key={reason.code + reason.detail}>
            <Tag tone={reasonTone(reason)}>{reasonLabel(reason)}</Tag> {reason.detail}
          </li>
        ))}
      </ul>
    </Section>
  );
}
