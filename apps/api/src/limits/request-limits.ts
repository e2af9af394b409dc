import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../common/app-error.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { sha256Hex } from '../common/secrets.js';
import { clientNetwork } from './client-network.js';

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Every limit: how many in how many seconds. They bound abuse, not use. */
const RULES = {
  'request/address': { points: 3000, duration: MINUTE_S },
  'heartbeat/key': { points: 120_000, duration: MINUTE_S },
  'heartbeat/address': { points: 60_000, duration: MINUTE_S },
  'login/account': { points: 10, duration: 5 * MINUTE_S },
  'login/address': { points: 100, duration: 5 * MINUTE_S },
  'login/all': { points: 1000, duration: 5 * MINUTE_S },
  'register/address': { points: 100, duration: HOUR_S },
  'register/all': { points: 1000, duration: HOUR_S },
  'token/address': { points: 60, duration: 5 * MINUTE_S },
  'mail/recipient': { points: 5, duration: HOUR_S },
  'mail/all': { points: 2000, duration: HOUR_S },
  'password/account': { points: 10, duration: 15 * MINUTE_S },
  'search/address': { points: 600, duration: MINUTE_S },
  'upload/developer': { points: 300, duration: HOUR_S },
} as const;

/** The name of a limit. */
export type LimitName = keyof typeof RULES;

/**
 * Counters in memory, per rule and subject. Subjects are kept as short hashes, so that a dump holds no addresses; a
 * wide limit per address in front of each narrow one bounds how many counters anybody can create.
 */
@Injectable()
export class RequestLimits {
  private readonly unlimited = new AsyncLocalStorage<true>();
  private readonly limiters = new Map<LimitName, RateLimiterMemory>();

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {
    for (const [name, rule] of Object.entries(RULES) as [LimitName, (typeof RULES)[LimitName]][]) {
      this.limiters.set(name, new RateLimiterMemory({ ...rule, keyPrefix: name }));
    }
  }

  /** Counts any request of an address. @throws AppError `rate-limited` */
  async countRequest(address: string): Promise<void> {
    await this.consume('request/address', address);
  }

  /** Takes one from a limit. @throws AppError `rate-limited` with the seconds to wait */
  async consume(name: LimitName, subject = ''): Promise<void> {
    const waitSeconds = await this.take(name, subject);
    if (waitSeconds > 0) {
      throw new AppError('rate-limited', `Too many requests of this kind. Try again in ${waitSeconds} seconds.`, {
        retryAfterSeconds: waitSeconds,
      });
    }
  }

  /** Takes one from a limit and says whether there was one left, for callers that must not show that there was none. */
  async tryConsume(name: LimitName, subject = ''): Promise<boolean> {
    return (await this.take(name, subject)) === 0;
  }

  /** Returns one that was taken for something that then did not happen. */
  async giveBack(name: LimitName, subject = ''): Promise<void> {
    if (this.settings.rateLimits && !this.unlimited.getStore())
      await this.limiters.get(name)?.reward(keyOf(name, subject));
  }

  /** Runs work of the server's own, which no limit is meant for. */
  async runUnlimited<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.unlimited.run(true, work);
  }

  /** Gives a subject a fresh start, for example an account after the right password. */
  async reset(name: LimitName, subject: string): Promise<void> {
    await this.limiters.get(name)?.delete(keyOf(name, subject));
  }

  private async take(name: LimitName, subject: string): Promise<number> {
    if (!this.settings.rateLimits || this.unlimited.getStore()) return 0;
    try {
      await this.limiters.get(name)?.consume(keyOf(name, subject));
      return 0;
    } catch (error) {
      if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw error;
    }
  }
}

/** One host has 2^64 addresses of IPv6: an address stands for its network. */
function keyOf(name: LimitName, subject: string): string {
  const counted = name.endsWith('/address') ? clientNetwork(subject) : subject;
  return sha256Hex(counted).slice(0, 24);
}
