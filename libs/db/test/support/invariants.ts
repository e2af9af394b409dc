import { REQUIRED_CHECKS } from './store.js';
import type { Row, Snapshot } from './snapshot.js';

const LISTING = ['name', 'description', 'category', 'tags', 'icon_sha256', 'developer_name'];
const CONTENT = [
  'app_id',
  'version_code',
  'version_name',
  'package_sha256',
  'signing_key_id',
  'permissions',
  'manifest',
];
const DECISION = [
  'app_id',
  'version_id',
  'revision_id',
  'subject_sha256',
  'decision',
  'reviewer_id',
  'notes',
  'reasons',
];

const same = (columns: readonly string[], one: Row, other: Row) => columns.every((name) => one[name] === other[name]);

/** What is wrong in `now`, reached from `before` by one statement, in words; written without a look at the triggers. */
export function findViolations(before: Snapshot, now: Snapshot, history: History): string[] {
  const problems: string[] = [];
  const expectThat = (kept: boolean, sentence: string) => {
    if (!kept) problems.push(sentence);
  };

  for (const version of now.all('app_versions')) {
    const was = before.find('app_versions', version['id']);
    if (was) expectThat(same(CONTENT, was, version), 'a package changed');
    if (version['status'] !== 'published') {
      expectThat(was?.['status'] !== 'published', 'a published version is not published any more');
      continue;
    }
    expectThat(isReviewed(version, now), 'published without an approved review of its subject by somebody else');
    if (was?.['status'] === 'published') {
      expectThat(was['subject_sha256'] === version['subject_sha256'], 'the subject of a published version changed');
      continue;
    }
    expectThat(was?.['status'] === 'approved', 'published without having been approved');
    expectThat(
      now.find('signing_keys', version['signing_key_id'])?.['is_active'] === 1,
      'published by an inactive key',
    );
    expectThat(
      REQUIRED_CHECKS.every((name) => hasPassed(name, version, now)),
      'published with a check that did not pass',
    );
    const app = now.find('apps', version['app_id']);
    const owner = now.find('developers', app?.['developer_id']);
    expectThat(app?.['suspended_at'] === null && owner?.['suspended_at'] === null, 'published while suspended');
  }

  for (const app of now.all('apps')) {
    const was = before.find('apps', app['id']);
    const packageId = String(app['package_id']).toLowerCase();
    if (!was) expectThat(!history.packageIds.has(packageId), 'a package id was used again');
    if (was) expectThat(same(['package_id', 'developer_id', 'seq'], was, app), 'an app became another one');
    expectThat(was?.['first_published_at'] == null || app['first_published_at'] !== null, 'a publication was undone');
    expectThat((app['status'] === 'suspended') === (app['suspended_at'] !== null), 'suspended by halves');
    if (app['first_published_at'] !== null) expectThat(showsReviewed(app, now), 'the store shows what nobody approved');
    history.packageIds.add(packageId);
  }

  for (const was of before.all('apps')) {
    if (was['first_published_at'] !== null) expectThat(!!now.find('apps', was['id']), 'a published app is gone');
    if (was['first_published_at'] !== null) {
      expectThat(!!now.find('developers', was['developer_id']), 'the developer of a published app is gone');
    }
  }
  for (const version of now.all('app_versions')) {
    if (before.find('app_versions', version['id'])) continue;
    const packageId = String(now.find('apps', version['app_id'])?.['package_id']).toLowerCase();
    const code = Number(version['version_code']);
    expectThat(code > (history.highestCode.get(packageId) ?? 0), 'a version code was used again');
    history.highestCode.set(packageId, code);
  }
  for (const was of before.all('app_versions')) {
    const kept =
      ['review', 'approved', 'published'].includes(String(was['status'])) && !!now.find('apps', was['app_id']);
    if (kept) expectThat(!!now.find('app_versions', was['id']), `a version is gone while ${was['status']}`);
  }

  const open = now.all('reviews').filter((review) => review['decision'] === null);
  const submissions = new Set(open.map((review) => `${review['app_id']} ${review['kind']}`));
  expectThat(submissions.size === open.length, 'two submissions of one kind are open');
  for (const was of before.all('reviews')) {
    const review = now.find('reviews', was['id']);
    if (review && was['decision'] !== null) expectThat(same(DECISION, was, review), 'a decided review changed');
    const final = was['decision'] === 'approved' && !!now.find('apps', was['app_id']);
    if (final) expectThat(!!review, 'an approval is gone');
  }
  for (const review of now.all('reviews')) {
    const silent = review['decision'] === 'rejected' && !String(review['notes'] ?? '').trim();
    expectThat(!silent, 'rejected without a word');
  }
  for (const key of now.all('signing_keys')) {
    const name = `${key['developer_id']} ${key['fingerprint']}`;
    if (key['is_active'] === 0) history.inactiveKeys.add(name);
    else expectThat(!history.inactiveKeys.has(name), 'a deactivated key is active again');
  }
  for (const was of before.all('check_results')) {
    const check = now.find('check_results', was['id']);
    if (was['status'] === 'failed' && check) expectThat(check['status'] === 'failed', 'a failed check was rewritten');
  }
  return problems;
}

/** What must never come back. */
export class History {
  readonly packageIds = new Set<string>();
  readonly highestCode = new Map<string, number>();
  readonly inactiveKeys = new Set<string>();

  constructor(start: Snapshot) {
    findViolations(start, start, this);
    for (const version of start.all('app_versions')) {
      const packageId = String(start.find('apps', version['app_id'])?.['package_id']).toLowerCase();
      const code = Math.max(this.highestCode.get(packageId) ?? 0, Number(version['version_code']));
      this.highestCode.set(packageId, code);
    }
  }
}

function isReviewed(version: Row, now: Snapshot): boolean {
  const app = now.find('apps', version['app_id']);
  return now
    .all('reviews')
    .some(
      (review) =>
        review['version_id'] === version['id'] &&
        review['app_id'] === version['app_id'] &&
        review['decision'] === 'approved' &&
        review['subject_sha256'] === version['subject_sha256'] &&
        (review['self_review'] === 1 || review['reviewer_id'] !== app?.['developer_id']) &&
        !!now.find('developers', review['reviewer_id']),
    );
}

function hasPassed(name: string, version: Row, now: Snapshot): boolean {
  const runs = now.all('check_results').filter((it) => it['version_id'] === version['id'] && it['name'] === name);
  const last = runs.sort((one, other) => Number(other['run']) - Number(one['run']))[0];
  return last?.['status'] === 'passed' && last['package_sha256'] === version['package_sha256'];
}

function showsReviewed(app: Row, now: Snapshot): boolean {
  const revision = now.find('app_revisions', app['live_revision_id']);
  if (!revision || revision['app_id'] !== app['id'] || !same(LISTING, app, revision)) return false;
  return now.all('reviews').some((it) => it['revision_id'] === revision['id'] && it['decision'] === 'approved');
}
