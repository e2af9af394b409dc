import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, type CoreTransaction } from '@mosis/db';
import { AppError } from '../common/app-error.js';
import { Clock, DAY_MS, HOUR_MS } from '../common/clock.js';
import { JobsService } from '../jobs/jobs.service.js';
import { IdempotencyRepository, type IdempotencyScope } from './idempotency.repository.js';

/** The answer of the first request with a key. */
export interface FirstAnswer {
  statusCode: number;
  body: unknown;
}

/** A claimed key whose request is being answered. */
export interface Claim {
  scope: IdempotencyScope;
  requestSha256: string;
  /** Of the answer, should there be one. */
  statusCode: number;
}

const LIFE_MS = DAY_MS;

/** Makes the same creating request, sent twice, happen once. */
@Injectable()
export class IdempotencyService implements OnModuleInit {
  private readonly answered = new AsyncLocalStorage<Claim & { isRemembered: boolean }>();

  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: IdempotencyRepository,
    private readonly jobs: JobsService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register('idempotency.delete-expired', () => this.deleteExpired(), HOUR_MS);
  }

  /** A request that was running when the process died has not been answered: its key is free again. */
  async forgetRunning(): Promise<void> {
    await this.db.write((trx) => this.repository.deleteRunning(trx));
  }

  /**
   * The scope of a request's `Idempotency-Key`, or `undefined` without the header.
   *
   * @throws AppError `idempotency-key-invalid`
   */
  scopeOf(header: string | string[] | undefined, actor: string, route: string): IdempotencyScope | undefined {
    if (header === undefined) return undefined;
    if (typeof header !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(header)) {
      throw new AppError('idempotency-key-invalid', 'Idempotency-Key has 1 to 255 printable ASCII characters.');
    }
    return { actor, route, key: header };
  }

  /**
   * Claims a key for a request. `requestSha256` is null while an upload has not arrived yet; such a claim is checked
   * with `compare` once it has.
   *
   * @returns the first answer when there is one, else `undefined`: go ahead
   * @throws AppError `idempotency-key-running`, `idempotency-key-reused`
   */
  async begin(
    scope: IdempotencyScope,
    requestSha256: string | null,
  ): Promise<(FirstAnswer & { requestSha256: string }) | undefined> {
    return this.db.write(async (trx) => {
      const now = this.clock.timestamp();
      const existing = await this.repository.find(trx, scope);
      if (existing && existing.expires_at > now) {
        if (existing.request_sha256 !== null && requestSha256 !== null && existing.request_sha256 !== requestSha256)
          throw reused();
        if (existing.state === 'running') {
          throw new AppError(
            'idempotency-key-running',
            'The first request with this key has not been answered yet. Wait for it, then repeat this one.',
            {
              retryAfterSeconds: 1,
            },
          );
        }
        return {
          statusCode: existing.status_code ?? 200,
          body: JSON.parse(existing.response ?? 'null') as unknown,
          requestSha256: existing.request_sha256 ?? '',
        };
      }
      if (existing) await this.repository.delete(trx, scope);
      await this.repository.insert(trx, {
        ...scope,
        request_sha256: requestSha256,
        state: 'running',
        status_code: null,
        response: null,
        created_at: now,
        expires_at: this.clock.timestampIn(LIFE_MS),
      });
      return undefined;
    });
  }

  /** @throws AppError `idempotency-key-reused` when the body is not the first one's */
  compare(first: { requestSha256: string }, requestSha256: string): void {
    if (first.requestSha256 !== requestSha256) throw reused();
  }

  /**
   * Does the work of a claimed request, which remembers its answer by `remember`. A failure frees the key, unless the change
   * was committed before it: a repeated request gets the answer then.
   */
  async answering<Result>(claim: Claim, work: () => Promise<Result>): Promise<Result> {
    const claimed = { ...claim, isRemembered: false };
    try {
      const result = await this.answered.run(claimed, work);
      // Remembered only now, a kill before it would let a repeated request do its work a second time.
      if (!claimed.isRemembered) throw new Error(`${claim.scope.route} does not remember its answer.`);
      return result;
    } catch (error) {
      await this.abandon(claim.scope);
      throw error;
    }
  }

  /**
   * Remembers what the request that is being answered will be answered with, in the transaction of its change: both are on
   * disk, or neither. Without an `Idempotency-Key` there is nothing to remember. What is shown once is left out of `body`.
   */
  async remember(trx: CoreTransaction, body: unknown): Promise<void> {
    const claim = this.answered.getStore();
    if (!claim) return;
    await this.finish(trx, claim.scope, claim.requestSha256, { statusCode: claim.statusCode, body });
    claim.isRemembered = true;
  }

  /** Remembers the answer of an upload, in the transaction of the change. */
  async finish(
    trx: CoreTransaction,
    scope: IdempotencyScope,
    requestSha256: string,
    answer: FirstAnswer,
  ): Promise<void> {
    await this.repository.finish(trx, scope, requestSha256, answer.statusCode, JSON.stringify(answer.body ?? null));
  }

  /** Gives a key free after a request that failed; one whose change was committed keeps its answer. */
  async abandon(scope: IdempotencyScope): Promise<void> {
    await this.db.write((trx) => this.repository.deleteIfRunning(trx, scope));
  }

  /** Forgets the answers kept for an account that is being deleted: they hold its name. */
  async forgetAllOf(trx: CoreTransaction, developerId: string): Promise<void> {
    await this.repository.deleteOf(trx, developerId);
  }

  private async deleteExpired(): Promise<void> {
    await this.db.write((trx) => this.repository.deleteExpired(trx, this.clock.timestamp()));
  }
}

function reused(): AppError {
  return new AppError(
    'idempotency-key-reused',
    'This Idempotency-Key was used with another body. Use a new key for a new request.',
  );
}
