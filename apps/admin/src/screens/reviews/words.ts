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

const CHECK_PURPOSES: Record<string, string> = {
  archive: 'So that whatever opens the package finds the same files.',
  signature: 'So that the bytes are those that the developer has signed.',
  manifest: 'So that what the store says of it is what the package says.',
  secrets: 'So that no password or key of somebody is handed to every device.',
  images: 'So that nothing but a picture comes as an icon.',
};

/** Words of the review screen, for whoever reviews for the first time. */
export const REVIEW_WORDS = [
  ['Subject', 'All that a decision is about: the package and the store page it comes with, or a changed store page.'],
  [
    'Digest',
    'A fingerprint of the subject: another byte, another digest. Your decision names it and counts for nothing else.',
  ],
  [
    'Claim',
    'Optional. For 30 minutes the others see your name and cannot decide. Without one, the first decision counts.',
  ],
  ['First version', 'Nothing of the app was approved before, so there is nothing to compare with: look at every file.'],
  [
    'Checks',
    'What the server has looked at before you: form, signature, credentials. Whether the app is good is for you to say.',
  ],
] as const;

/** What a check is good for, in a sentence. One that this console does not know has to speak for itself. */
export function checkPurpose(name: string): string | undefined {
  return CHECK_PURPOSES[name];
}

/** Checks that every package needs and that have no result here. */
export function missingChecks(checks: Review['checks']): string[] {
  return Object.keys(CHECK_PURPOSES).filter((needed) => checks.every(({ name }) => name !== needed));
}

/** What all checks of a submission come to, in a few words: what failed before what did not run. */
export function summarizeChecks(checks: Review['checks']): { tone: Tone; text: string } {
  const open = checks.filter(({ status }) => status !== 'passed');
  const worst = open.find(({ status }) => checkTone(status) === 'bad') ?? open[0];
  if (worst) return { tone: checkTone(worst.status), text: `${worst.name} ${worst.status}` };
  const [missing] = missingChecks(checks);
  if (missing !== undefined) return { tone: 'warn', text: checks.length === 0 ? 'none ran' : `${missing} did not run` };
  return { tone: 'good', text: `${checks.length} passed` };
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
