import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Role } from '@mosis/db';
import { AppError } from '../common/app-error.js';
import { Clock, DAY_MS, MINUTE_MS, SECOND_MS } from '../common/clock.js';
import { sha256Hex } from '../common/secrets.js';
import { isWellFormedKey } from '../common/api-key-format.js';
import { AccessRepository } from './access.repository.js';
import type { Actor } from './actor.js';
import type { PresentedCredential } from './credentials.js';
import type { Permission } from './permissions.js';

/** How long a session lives after it was last used. */
export const SESSION_IDLE_MS = 14 * DAY_MS;
/** Uses of a credential are written together, at most this often, and only when they are news. */
const TOUCH_EVERY_MS = 10 * SECOND_MS;
const TOUCH_GRANULARITY_MS = 5 * MINUTE_MS;

interface Account {
  developer_id: string;
  role: Role;
  verified: number;
  suspended_at: string | null;
  deleted_at: string | null;
}

/** Turns a presented credential into an actor: the one policy point for cookies and keys alike. */
@Injectable()
export class AccessService implements OnModuleDestroy {
  private readonly logger = new Logger('access');
  private sessionsSeen = new Map<string, { lastSeenAt: string; expiresAt: string }>();
  private keysSeen = new Map<string, string>();
  private flushTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: AccessRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Who presents this credential.
   *
   * @throws AppError `credential-invalid` when it is unknown, expired or revoked, `account-suspended`
   */
  async authenticate(credential: PresentedCredential, requestId: string): Promise<Actor> {
    return credential.kind === 'session'
      ? this.authenticateSession(credential.token, requestId)
      : this.authenticateKey(credential.key, requestId);
  }

  private async authenticateSession(token: string, requestId: string): Promise<Actor> {
    const sessionHash = sha256Hex(token);
    const session = await this.repository.findSession(sessionHash);
    if (!session || session.expires_at <= this.clock.timestamp()) {
      throw new AppError('credential-invalid', 'The session has ended. Sign in again.');
    }
    const account = this.usable(session);
    if (this.isNews(session.last_seen_at)) {
      this.sessionsSeen.set(sessionHash, {
        lastSeenAt: this.clock.timestamp(),
        expiresAt: this.clock.timestampIn(SESSION_IDLE_MS),
      });
      this.flushSoon();
    }
    return { ...account, credential: { kind: 'session', sessionHash }, requestId };
  }

  private async authenticateKey(key: string, requestId: string): Promise<Actor> {
    const found = isWellFormedKey(key) ? await this.repository.findApiKey(sha256Hex(key)) : undefined;
    if (!found || found.revoked_at !== null)
      throw new AppError('credential-invalid', 'The API key is unknown or was revoked.');
    if (found.expires_at !== null && found.expires_at <= this.clock.timestamp()) {
      throw new AppError('credential-invalid', 'The API key has expired. Create another one.');
    }
    const account = this.usable(found);
    if (found.last_used_at === null || this.isNews(found.last_used_at)) {
      this.keysSeen.set(found.id, this.clock.timestamp());
      this.flushSoon();
    }
    const packageIds = found.app_package_ids === null ? null : (JSON.parse(found.app_package_ids) as string[]);
    return {
      ...account,
      credential: {
        kind: 'api_key',
        id: found.id,
        permissions: new Set(JSON.parse(found.permissions) as Permission[]),
        appPackageIds: packageIds && new Set(packageIds.map((id) => id.toLowerCase())),
        expiresAt: found.expires_at,
      },
      requestId,
    };
  }

  private usable(account: Account): { developerId: string; role: Role; verified: boolean } {
    if (account.deleted_at !== null) throw new AppError('credential-invalid', 'This account was deleted.');
    if (account.suspended_at !== null) {
      throw new AppError('account-suspended', 'An admin suspended this account. Write to the operator of this store.');
    }
    return { developerId: account.developer_id, role: account.role, verified: account.verified === 1 };
  }

  private isNews(lastUse: string): boolean {
    return this.clock.now().getTime() - Date.parse(lastUse) > TOUCH_GRANULARITY_MS;
  }

  private flushSoon(): void {
    this.flushTimer ??= setTimeout(() => void this.flush(), TOUCH_EVERY_MS).unref();
  }

  private async flush(): Promise<void> {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const [sessions, keys] = [this.sessionsSeen, this.keysSeen];
    this.sessionsSeen = new Map();
    this.keysSeen = new Map();
    if (sessions.size + keys.size === 0) return;
    try {
      await this.repository.touch(sessions, keys);
    } catch (error) {
      this.logger.warn({ msg: 'could not note when credentials were used', err: error });
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.flush();
  }
}
