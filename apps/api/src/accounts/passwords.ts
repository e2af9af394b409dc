import { availableParallelism } from 'node:os';
import { argon2id, hash, verify } from 'argon2';
import { Turns } from '../common/turns.js';

/** argon2id with 19 MiB, two passes, one lane: the least that OWASP's password storage guide asks for. */
const OPTIONS = { type: argon2id, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const;

/**
 * How many passwords are hashed at once: each has a core to itself for some 50 ms, and one core stays with the answers to
 * everybody else. They run in the threads that read files as well, of which there are four.
 */
export const HASHED_AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Who hashes now, and who waits for that. */
export const hashing = new Turns({
  atOnce: HASHED_AT_ONCE,
  maxWaiting: 100,
  maxWaitMs: 20_000,
  refusal: 'Too many people sign in or set passwords at this moment. Try again in a minute.',
});
/** Nobody who has asked leaves the line. */
const NEVER = new AbortController().signal;

let decoy: Promise<string> | undefined;

/** Hashes a password, slowly and off the main thread. @throws AppError `overloaded` when too many wait for that */
export async function hashPassword(password: string): Promise<string> {
  return inTurn(async () => hash(password, OPTIONS));
}

/**
 * Whether a password is the right one. Without a hash (an unknown address, an account without a password) it takes as
 * long and answers false, so that nobody learns from the time which addresses have an account.
 *
 * @throws AppError `overloaded` when too many wait for that
 */
export async function isRightPassword(passwordHash: string | null | undefined, password: string): Promise<boolean> {
  // Not in turn: a refusal would be kept, and refuse everybody from then on.
  decoy ??= hash('a password that nobody has', OPTIONS);
  const compared = passwordHash ?? (await decoy);
  const matches = await inTurn(async () => verify(compared, password));
  return matches && passwordHash != null;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const giveBack = await hashing.take(NEVER);
  try {
    return await work();
  } finally {
    giveBack();
  }
}
