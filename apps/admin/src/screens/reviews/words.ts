import type { Review } from '../../api/schema';
import type { Tone } from '../../ui/Notice';

type Reason = Review['reasons'][number];
type CheckStatus = Review['checks'][number]['status'];

/** Reasons that deserve a second look before anything else. */
const GRAVE = new Set([
  'signing-key-changed',
  'permissions-added',
  'manifest-name-differs',
  'rejected-before',
  'listing-name-changed',
  'listing-developer-name-changed',
]);
const LABELS: Record<string, string> = {
  'first-version': 'first version',
  'permissions-requested': 'asks for permissions',
  'permissions-added': 'more permissions',
  'signing-key-changed': 'another signing key',
  'manifest-name-differs': 'two names',
  'rejected-before': 'rejected before',
  'new-version': 'new version',
  'listing-name-changed': 'other name',
  'listing-description-changed': 'other description',
  'listing-category-changed': 'other category',
  'listing-tags-changed': 'other tags',
  'listing-icon-changed': 'other icon',
  'listing-developer-name-changed': 'developer renamed',
  'icon-dimensions': 'icon of another size',
  'icon-trailing-data': 'bytes behind an icon',
  'manifest-unknown-key': 'unknown key in manifest',
  'nested-archive': 'archive inside',
  'unknown-extra-field': 'unknown ZIP field',
};

/** A reason in two or three words. Codes that this console does not know are readable as they are. */
export function reasonLabel({ code }: Reason): string {
  return LABELS[code] ?? code.replaceAll('-', ' ');
}

/** How much a reason should draw the eye. */
export function reasonTone({ code }: Reason): Tone | undefined {
  return GRAVE.has(code) ? 'warn' : undefined;
}

/** How a check's result is to be taken: what did not run is not what passed. */
export function checkTone(status: CheckStatus): Tone {
  if (status === 'passed') return 'good';
  return status === 'failed' || status === 'errored' ? 'bad' : 'warn';
}

/** What all checks of a submission come to, in a few words. */
export function summarizeChecks(checks: Review['checks']): { tone: Tone; text: string } {
  if (checks.length === 0) return { tone: 'warn', text: 'none ran' };
  const open = checks.filter(({ status }) => status !== 'passed');
  const worst = open.find(({ status }) => checkTone(status) === 'bad') ?? open[0];
  if (!worst) return { tone: 'good', text: `${checks.length} passed` };
  return { tone: checkTone(worst.status), text: `${worst.name} ${worst.status}` };
}

const DECISIONS: Record<NonNullable<Review['decision']>, { tone: Tone | undefined; text: string }> = {
  approved: { tone: 'good', text: 'approved' },
  rejected: { tone: 'bad', text: 'rejected' },
  withdrawn: { tone: undefined, text: 'taken back' },
  superseded: { tone: undefined, text: 'replaced' },
};

/** How a review ended, in a word. */
export function decisionWords(decision: NonNullable<Review['decision']>): { tone: Tone | undefined; text: string } {
  return DECISIONS[decision];
}

/** What is submitted: a version by its name and code, or a changed store page. */
export function subjectOf({
  kind,
  version_name,
  version_code,
}: Pick<Review, 'kind' | 'version_name' | 'version_code'>): string {
  return kind === 'listing' ? 'store page' : `${version_name} (${version_code})`;
}
