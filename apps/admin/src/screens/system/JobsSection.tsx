import type { System } from '../../api/schema';
import { DataTable, type Column } from '../../ui/DataTable';
import { formatCount } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Tag } from '../../ui/Tag';
import classes from './JobsSection.module.css';

type Repeating = System['repeating_jobs'][number];
type Queued = System['jobs'][number];

/** Work in the background: what repeats and how it last ended, and what else waits. */
export function JobsSection({ system }: { system: System }) {
  return (
    <Section title="Work in the background">
      <DataTable
        caption="Work that repeats"
        columns={REPEATING}
        rows={system.repeating_jobs}
        keyOf={({ kind }) => kind}
      />
      {system.jobs.length > 0 && (
        <details className={classes.all} open={system.jobs.some(({ state }) => state === 'failed')}>
          <summary>All jobs by kind and state</summary>
          <DataTable
            caption="Jobs by kind and state"
            columns={QUEUED}
            rows={system.jobs}
            keyOf={({ kind, state }) => `${kind} ${state}`}
          />
        </details>
      )}
    </Section>
  );
}

const TONES = { done: 'good', failed: 'bad', running: 'info', queued: undefined } as const;

const REPEATING: Column<Repeating>[] = [
  { header: 'Work', cell: ({ kind }) => <code>{kind}</code> },
  { header: 'State', cell: ({ state }) => <Tag tone={TONES[state]}>{state}</Tag> },
  { header: 'Last run', cell: ({ last_run_at: at }) => (at === null ? 'not yet' : <Moment at={at} />) },
  { header: 'Next run', cell: ({ next_run_at: at }) => (at === null ? '' : <Moment at={at} />) },
  { header: 'What went wrong', cell: ({ error }) => error ?? '' },
];

const QUEUED: Column<Queued>[] = [
  { header: 'Kind', cell: ({ kind }) => <code>{kind}</code> },
  { header: 'State', cell: ({ state }) => <Tag tone={state === 'failed' ? 'bad' : undefined}>{state}</Tag> },
  { header: 'Jobs', align: 'end', cell: ({ count }) => formatCount(count) },
];
