import { Fragment } from 'react';
import type { ReviewDetail } from '../../api/schema';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './ReviewScreen.module.css';
import { checkPurpose, checkTone, missingChecks, summarizeChecks } from './words';

/** What the machine found: each check with its result, what it looked at, what for, and its evidence where it has any. */
export function ChecksSection({ review }: { review: ReviewDetail }) {
  if (review.kind === 'listing') return null;
  const { tone, text } = summarizeChecks(review.checks);
  return (
    <Section title="Checks" aside={text} tone={tone === 'good' ? undefined : tone === 'bad' ? 'bad' : 'warn'}>
      <ul className={classes.list}>
        {review.checks.map((check) => (
          <li key={check.name}>
            <Tag tone={checkTone(check.status)}>{check.status}</Tag> <strong>{check.name}</strong>
            {!check.required && ' (not required)'}
            {check.code && (
              <>
                {' '}
                <code>{check.code}</code>
              </>
            )}
            <p>
              {check.detail} <span className={classes.quiet}>{checkPurpose(check.name)}</span>
            </p>
            <Evidence evidence={check.evidence} />
          </li>
        ))}
        {missingChecks(review.checks).map((name) => (
          <li key={name}>
            <Tag tone="warn">did not run</Tag> <strong>{name}</strong>
            <p className={classes.quiet}>{checkPurpose(name)}</p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Evidence({ evidence }: { evidence: unknown }) {
  if (evidence === null || evidence === undefined) return null;
  const entries = Array.isArray(evidence) ? (evidence as unknown[]) : [evidence];
  return (
    <pre className={classes.evidenceText} tabIndex={0} aria-label="Evidence">
      {entries.map((entry, index) => (
        <Fragment key={index}>{`${describe(entry)}\n`}</Fragment>
      ))}
    </pre>
  );
}

function describe(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  return Object.entries(entry)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' · ');
}
