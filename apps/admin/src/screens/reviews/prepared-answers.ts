/** A reason to reject, with words to begin from. The code is kept with the decision, for statistics. */
export interface PreparedAnswer {
  code: string;
  label: string;
  text: string;
}

/** Answers for what comes up again and again. Each says what is wrong and what to do; the reviewer fills in the rest. */
export const REJECTIONS: readonly PreparedAnswer[] = [
  {
    code: 'does-not-work',
    label: 'Does not work',
    text: 'The app does not work as described: […]. Please mend it and upload a new version.',
  },
  {
    code: 'permission-not-needed',
    label: 'Permission not needed',
    text: 'The app asks for […], and nothing in it needs that. Please leave the permission out, or say in the release notes what it is for.',
  },
  {
    code: 'misleading-listing',
    label: 'Store page misleads',
    text: 'The store page promises […], and the app does not do it. Please change the page or the app.',
  },
  {
    code: 'impersonation',
    label: 'Looks like somebody else’s',
    text: 'Name or icon look like those of […], which is not yours. Please use your own.',
  },
  {
    code: 'content',
    label: 'Content',
    text: 'The app shows […], which this store does not take. Please remove it and upload a new version.',
  },
  {
    code: 'unreadable-code',
    label: 'Cannot be read',
    text: 'The scripts of the package cannot be read: […]. Please upload them as you wrote them.',
  },
  {
    code: 'key-not-confirmed',
    label: 'Key not confirmed',
    text: 'The package is signed with a key that is new for this app. Please confirm by another way than this account that it is yours.',
  },
  {
    code: 'harmful',
    label: 'Harmful',
    text: 'The app does harm to the people who use it: […].',
  },
];

/** Puts a prepared answer into the notes: in place of one that nobody changed, else below what was written. */
export function insertAnswer(notes: string, answer: PreparedAnswer): string {
  const isUntouched = notes.trim() === '' || REJECTIONS.some(({ text }) => text === notes);
  return isUntouched ? answer.text : `${notes.trimEnd()}\n\n${answer.text}`;
}

/** Whether a gap of a prepared answer was left open. */
export function hasGap(notes: string): boolean {
  return notes.includes('[…]');
}

/** What the code of a rejection stands for; one of a script's own is readable as it is. */
export function answerLabel(reasonCode: string): string {
  return REJECTIONS.find(({ code }) => code === reasonCode)?.label ?? reasonCode.replaceAll('-', ' ');
}
