import type { Mail } from './mail-transport.js';

/** Everything a mail can be about. Links carry their token behind `#`, which no server and no referrer ever sees. */
export type MailContent =
  | { template: 'verify-email'; name: string; link: string }
  | { template: 'account-exists'; name: string; link: string }
  | { template: 'reset-password'; name: string; link: string }
  | { template: 'password-changed'; name: string }
  | { template: 'account-deleted'; name: string }
  | { template: 'key-revoked'; name: string; keyName: string; keyPrefix: string; packageId: string; path: string }
  | {
      template: 'version-decided';
      name: string;
      packageId: string;
      version: string;
      decision: 'approved' | 'rejected';
      notes: string;
    }
  | { template: 'listing-decided'; name: string; packageId: string; decision: 'approved' | 'rejected'; notes: string };

/** The words of a mail; without a name, whoever reads it is greeted without one. */
export function writeMail(to: string, content: MailContent): Mail {
  const { subject, body } = words(content);
  return { to, subject, text: `Hello${content.name === '' ? '' : ` ${content.name}`},\n\n${body}\n\nMosis Platform\n` };
}

/** The same mail without a word of whoever registered the address: a stranger could write anything so, to anybody. */
export function withoutChosenWords(content: MailContent): MailContent {
  if (content.template !== 'key-revoked') return { ...content, name: '' };
  return { ...content, name: '', keyName: '', packageId: '', path: '' };
}

function words(content: MailContent): { subject: string; body: string } {
  switch (content.template) {
    case 'verify-email':
      return {
        subject: 'Verify your e-mail address',
        body: `please verify this address by opening\n\n${content.link}\n\nThe link works once, for 24 hours. If you did not register, ignore this mail:\nwithout the link nothing of yours is used.`,
      };
    case 'account-exists':
      return {
        subject: 'You have an account already',
        body: `somebody, perhaps you, tried to register with this address. It has an account\nalready and nothing was changed. If you forgot the password, ask for a new one at\n\n${content.link}`,
      };
    case 'reset-password':
      return {
        subject: 'Choose a new password',
        body: `to choose a new password, open\n\n${content.link}\n\nThe link works once, for one hour. If you did not ask for it, ignore this mail:\nyour password stays as it is.`,
      };
    case 'password-changed':
      return {
        subject: 'Your password was changed',
        body: 'your password was changed and every other session was ended. If this was not\nyou, ask for a new password at once.',
      };
    case 'account-deleted':
      return {
        subject: 'Your account was deleted',
        body: 'your account was deleted, as you asked. Published apps stay in the store.',
      };
    case 'key-revoked':
      return {
        subject: 'An API key of yours was found in a package and revoked',
        body: `${
          content.keyName === ''
            ? `the API key ${content.keyPrefix} was found in a package`
            : `the API key "${content.keyName}" (${content.keyPrefix}) was found in ${content.path} of a package\nuploaded for ${content.packageId}`
        }. Whoever had the package could use it, so it was\nrevoked at once. Create another one, and keep it out of your packages.`,
      };
    case 'version-decided':
      return {
        subject: `${content.packageId} ${content.version} was ${content.decision}`,
        body: `your submission ${content.packageId} ${content.version} was ${content.decision}.${notes(content.notes)}${
          content.decision === 'approved'
            ? '\n\nIt goes to the devices when you publish it.'
            : '\n\nUpload a new version when it is mended.'
        }`,
      };
    case 'listing-decided':
      return {
        subject: `The new listing of ${content.packageId} was ${content.decision}`,
        body: `the changed listing of ${content.packageId} was ${content.decision}.${notes(content.notes)}`,
      };
  }
}

function notes(text: string): string {
  return text ? `\n\nThe reviewer writes:\n\n${text}` : '';
}
