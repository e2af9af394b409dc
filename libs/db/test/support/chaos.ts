import fc from 'fast-check';
import { newId } from '../../src/ids.js';
import { LATER, REQUIRED_CHECKS, Store, sha256 } from './store.js';
import { Snapshot, TABLES, type Row, type Table } from './snapshot.js';

/** One step of a random history: numbers that pick a statement, its target and its values. */
export interface Step {
  kind: 'proper' | 'chaos';
  pick: number[];
}

export const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('proper', 'proper', 'chaos'),
    pick: fc.array(fc.nat(10_000), { minLength: 8, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 100, size: 'max' },
);

/** Runs one statement that a service would run somewhere, or one that nobody should run; the database may refuse it. */
export function take(step: Step, store: Store): void {
  const now = new Snapshot(store.db);
  const draw = [...step.pick];
  const choose = <Value>(values: readonly Value[]): Value => values[(draw.shift() ?? 0) % values.length] as Value;
  const statement = step.kind === 'proper' ? properStatement(store, now, choose) : chaosStatement(store, now, choose);
  try {
    statement();
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith('SQLITE_')) throw error;
  }
}

type Choose = <Value>(values: readonly Value[]) => Value;

/** The next statement of some version's life: right for some version, often sent for another one or too early. */
function properStatement(store: Store, now: Snapshot, choose: Choose): () => void {
  const app = choose(now.all('apps'));
  // With foreign keys off, versions outlive their app.
  const versions = now.all('app_versions').filter((it) => now.find('apps', it['app_id']));
  const key = now.all('signing_keys').find((it) => it['developer_id'] === app?.['developer_id']);
  if (!app || versions.length === 0) return () => store.upload(app?.['id'] as string, key?.['id'] as string, 1);
  const version = choose(versions);
  const id = version['id'] as string;
  const latest = (table: Table, column: string, value: unknown) =>
    now
      .all(table)
      .filter((it) => it[column] === value)
      .at(-1)?.['id'] as string | undefined;
  const appId = version['app_id'] as string;
  const reviewId = latest('reviews', 'version_id', id);
  const listingReviewId = latest('reviews', 'kind', 'listing');
  const revisionId = latest('app_revisions', 'state', 'waiting');
  const approved = now.all('reviews').some((it) => it['version_id'] === id && it['decision'] === 'approved');
  const reviewer = choose(now.all('developers'))['id'] as string;
  const next: Record<string, (false | undefined | '' | (() => void))[]> = {
    draft: [() => store.submit(id), () => store.update('app_versions', id, { release_notes: 'x' })],
    review: [
      reviewId && (() => store.decide(reviewId, choose(['approved', 'approved', 'rejected']), reviewer)),
      () => store.update('app_versions', id, { status: 'approved' }),
      () => store.update('app_versions', id, { status: choose(['approved', 'rejected']) }),
      reviewId && revisionId && (() => store.withdraw(id, { reviewId, revisionId })),
    ],
    approved: [approved && (() => store.publish(id)), () => store.markPublished(id)],
    published: [
      () => store.submitListing(appId, { name: choose(['Chess II', 'Chess III']) }),
      listingReviewId && (() => store.decide(listingReviewId, 'approved', reviewer)),
      revisionId && (() => store.goLive(appId, revisionId)),
    ],
  };
  const anyTime = [
    () =>
      store.upload(app['id'] as string, key?.['id'] as string, Number(app['highest_version_code']) + choose([0, 1, 2])),
    () => store.check(id, choose(REQUIRED_CHECKS), choose(['passed', 'failed', 'errored']), { run: choose([1, 2, 3]) }),
  ];
  const here = (next[String(version['status'])] ?? []).filter((it) => typeof it === 'function');
  return choose([...here, ...here, choose(anyTime)]);
}

/** Any column of any row set to a value from anywhere, a row copied over another one, a row deleted. */
function chaosStatement(store: Store, now: Snapshot, choose: Choose): () => void {
  const table: Table = choose(TABLES);
  const row = choose(now.all(table));
  if (!row) return () => undefined;
  const column = choose(Object.keys(row));
  const values = now.all(table).map((it) => it[column] ?? null);
  const value = choose([
    ...values,
    null,
    0,
    1,
    LATER,
    newId(),
    sha256('new'),
    'published',
    'approved',
    'live',
    'draft',
  ]);
  const verb = choose(['UPDATE', 'UPDATE OR REPLACE', 'UPDATE OR IGNORE']);
  const where = Object.keys(row).includes('id') ? 'id' : 'package_id';
  const more: Row = companions(table, column, value);
  const set = { [column]: value, ...more };
  const assign = Object.keys(set).map((name) => `${name} = @${name}`);
  return choose([
    () => store.run(`${verb} ${table} SET ${assign.join()} WHERE ${where} = @key`, { ...set, key: row[where] ?? null }),
    () => store.run(`${verb} ${table} SET ${assign.join()}`, set),
    () => store.insert(table, { ...row, ...set }, choose(['INSERT OR REPLACE', 'INSERT'])),
    () => store.insert(table, { ...row, ...set, id: newId() }, 'INSERT OR REPLACE'),
    () => store.run(`DELETE FROM ${table} WHERE ${where} = @key`, { key: row[where] ?? null }),
  ]);
}

/** What a CHECK wants to see changed together, so that more than the CHECKs is put to the test. */
function companions(table: Table, column: string, value: unknown): Row {
  if (column === 'decision') return { decided_at: value === null ? null : LATER, notes: 'because' };
  if (table === 'app_versions' && column === 'status') return { published_at: value === 'published' ? LATER : null };
  if (table === 'apps' && column === 'first_published_at' && value === null) return { live_revision_id: null };
  if (column === 'is_active') return { deactivated_at: value === 0 ? LATER : null };
  return {};
}
