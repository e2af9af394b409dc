import type { CoreRow } from '@mosis/db';

/** Who gets a mail. */
export interface Recipient {
  email: string;
  /** Whether the address was ever shown to be of whoever holds the account; otherwise that may be any stranger. */
  isProven: boolean;
}

/** The holder of an account as one who gets mails. */
export function toRecipient(account: Pick<CoreRow<'developers'>, 'email' | 'verified' | 'registration'>): Recipient {
  return { email: account.email, isProven: account.verified === 1 || account.registration === 'closed' };
}
