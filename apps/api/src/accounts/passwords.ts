import { argon2id, hash, verify } from 'argon2';

/** argon2id with 19 MiB, two passes, one lane: the least that OWASP's password storage guide asks for. */
const OPTIONS = { type: argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

let decoy: Promise<string> | undefined;

/** Hashes a password, slowly and off the main thread. */
export async function hashPassword(password: string): Promise<string> {
  return hash(password, OPTIONS);
}

/**
 * Whether a password is the right one. Without a hash (an unknown address, an account without a password) it takes as
 * long and answers false, so that nobody learns from the time which addresses have an account.
 */
export async function isRightPassword(passwordHash: string | null | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('a password that nobody has');
  const matches = await verify(passwordHash ?? (await decoy), password);
  return matches && passwordHash != null;
}
