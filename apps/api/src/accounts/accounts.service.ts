import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoreDatabase, newId, type CoreRow, type CoreTransaction, type TokenPurpose } from '@mosis/db';
import { SESSION_IDLE_MS } from '../access/access.service.js';
import type { Actor } from '../access/actor.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { AuditService, auditActor, type AuditActor } from '../audit/audit.service.js';
import { AppError } from '../common/app-error.js';
import { Clock, DAY_MS, HOUR_MS } from '../common/clock.js';
import { newToken, randomBase62, sha256Hex } from '../common/secrets.js';
import { JobsService } from '../jobs/jobs.service.js';
import { RequestLimits } from '../limits/request-limits.js';
import { MailService } from '../mail/mail.service.js';
import { toRecipient } from '../mail/recipient.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';
import { AccountsRepository } from './accounts.repository.js';
import { toDeveloperResource, type DeveloperResource, type Register, type Setup } from './accounts.schemas.js';
import { hashPassword, isRightPassword } from './passwords.js';

const TOKEN_LIFE_MS: Record<TokenPurpose, number> = {
  'verify-email': DAY_MS,
  'reset-password': HOUR_MS,
  'create-admin': 7 * DAY_MS,
};
/** 27 base62 characters are 160 bits, and short enough for a mail's line. */
const TOKEN_LENGTH = 27;

/** Registration, verification, sign-in and passwords. */
@Injectable()
export class AccountsService implements OnModuleInit {
  constructor(
    private readonly db: CoreDatabase,
    private readonly repository: AccountsRepository,
    private readonly apiKeys: ApiKeysService,
    private readonly signingKeys: SigningKeysService,
    private readonly audit: AuditService,
    private readonly jobs: JobsService,
    private readonly mail: MailService,
    private readonly limits: RequestLimits,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register('mail.verify-email', (payload: { developer_id: string }) =>
      this.mailToken(payload.developer_id, 'verify-email'),
    );
    this.jobs.register('mail.reset-password', (payload: { developer_id: string }) =>
      this.mailToken(payload.developer_id, 'reset-password'),
    );
    this.jobs.register('mail.account-exists', (payload: { developer_id: string }) =>
      this.mailNotice(payload.developer_id, 'account-exists'),
    );
    this.jobs.register('mail.password-changed', (payload: { developer_id: string }) =>
      this.mailNotice(payload.developer_id, 'password-changed'),
    );
    this.jobs.register('accounts.delete-expired', () => this.deleteExpired(), HOUR_MS);
  }

  /**
   * Registers an address; the answer and its time are the same whether the address is new, waiting or taken. Registering
   * a waiting address again replaces its name and password, ends its sessions and takes every key from whoever was first. One
   * that was ever verified is taken, also when an admin took that back.
   */
  async register(input: Register, address: string, requestId: string): Promise<void> {
    await this.limits.consume('register/address', address);
    await this.limits.consume('register/all');
    const passwordHash = await hashPassword(input.password);
    const by: AuditActor = { kind: 'anonymous', id: null, credentialId: null, requestId };
    await this.db.write(async (trx) => {
      const existing = await this.repository.findByEmail(input.email, trx);
      const now = this.clock.timestamp();
      const isTaken = existing?.verified === 1 || existing?.registration === 'closed';
      if (existing && (isTaken || existing.suspended_at !== null)) {
        await this.jobs.enqueue(trx, 'mail.account-exists', { developer_id: existing.id });
        return;
      }
      const id = existing?.id ?? newId();
      if (existing) {
        const change = { name: input.name, password_hash: passwordHash, registration: 'again' as const };
        await this.repository.update(trx, id, change, now);
        await this.repository.deleteSessionsOf(trx, id, null);
        await this.repository.deleteTokensOf(trx, id);
        await this.endKeys(trx, id, 'registered-again', by);
      } else {
        await this.repository.insert(trx, {
          id,
          email: input.email,
          name: input.name,
          password_hash: passwordHash,
          verified: 0,
          role: 'developer',
          now,
        });
      }
      await this.audit.append(trx, by, {
        action: existing ? 'developer.registered_again' : 'developer.registered',
        subject: { kind: 'developer', id },
      });
      await this.jobs.enqueue(trx, 'mail.verify-email', { developer_id: id });
    });
  }

  /** @throws AppError `token-invalid` when the link was used, has run out, or belongs to an earlier registration */
  async verifyEmail(token: string, address: string, requestId: string): Promise<void> {
    await this.limits.consume('token/address', address);
    await this.db.write(async (trx) => {
      const { id: developerId } = await this.useToken(trx, token, 'verify-email');
      await this.repository.update(trx, developerId, { verified: 1 }, this.clock.timestamp());
      const by: AuditActor = { kind: 'developer', id: developerId, credentialId: null, requestId };
      await this.audit.append(trx, by, {
        action: 'developer.verified',
        subject: { kind: 'developer', id: developerId },
      });
    });
  }

  /**
   * Signs in; unverified accounts may.
   *
   * @returns the account and the token of a new session, which is shown to nobody else
   * @throws AppError `login-failed`, `account-suspended`, `rate-limited`
   */
  async login(
    email: string,
    password: string,
    address: string,
  ): Promise<{ developer: DeveloperResource; sessionToken: string }> {
    await this.limits.consume('login/address', address);
    await this.limits.consume('login/all');
    await this.limits.consume('login/account', email.toLowerCase());
    const account = await this.repository.findByEmail(email);
    if (!(await isRightPassword(account?.password_hash, password)) || !account) {
      throw new AppError('login-failed', 'There is no account with this address and password.');
    }
    if (account.suspended_at !== null) {
      throw new AppError('account-suspended', 'An admin suspended this account. Write to the operator of this store.');
    }
    await this.limits.reset('login/account', email.toLowerCase());
    const sessionToken = newToken();
    const now = this.clock.timestamp();
    await this.db.write(async (trx) =>
      this.repository.insertSession(trx, {
        id_hash: sha256Hex(sessionToken),
        developer_id: account.id,
        created_at: now,
        last_seen_at: now,
        expires_at: this.clock.timestampIn(SESSION_IDLE_MS),
      }),
    );
    return { developer: toDeveloperResource(account), sessionToken };
  }

  /** Ends the session of this token, if there is one. */
  async logout(sessionToken: string | undefined): Promise<void> {
    if (sessionToken) await this.db.write((trx) => this.repository.deleteSession(trx, sha256Hex(sessionToken)));
  }

  /** Sends a link for a new password; says nothing about whether the address is known. */
  async forgotPassword(email: string, address: string): Promise<void> {
    await this.limits.consume('token/address', address);
    await this.db.write(async (trx) => {
      const account = await this.repository.findByEmail(email, trx);
      // The same write and the same sync either way, so that the time tells nothing: a job for nobody does nothing.
      const developerId = account && account.suspended_at === null ? account.id : newId();
      await this.jobs.enqueue(trx, 'mail.reset-password', { developer_id: developerId });
    });
  }

  /**
   * Sets a new password by a mailed link and ends every session. Of an account that was not verified until now, which
   * somebody else may have registered, every key ends as well.
   *
   * @throws AppError `token-invalid`
   */
  async resetPassword(token: string, password: string, address: string, requestId: string): Promise<void> {
    await this.limits.consume('token/address', address);
    const passwordHash = await hashPassword(password);
    await this.db.write(async (trx) => {
      const account = await this.useToken(trx, token, 'reset-password');
      const developerId = account.id;
      const by: AuditActor = { kind: 'developer', id: developerId, credentialId: null, requestId };
      if (account.verified === 0) await this.endKeys(trx, developerId, 'verified-by-reset', by);
      // The link went to the address, so using it proves the address as well.
      await this.setPassword(trx, developerId, { password_hash: passwordHash, verified: 1 }, null);
      await this.repository.deleteTokensOf(trx, developerId);
      await this.audit.append(trx, by, {
        action: 'developer.password_reset',
        subject: { kind: 'developer', id: developerId },
      });
    });
  }

  /** Changes one's own password and ends every other session. @throws AppError `password-wrong` */
  async changePassword(actor: Actor, current: string, next: string): Promise<void> {
    await this.limits.consume('password/account', actor.developerId);
    const account = await this.repository.findById(actor.developerId);
    if (!(await isRightPassword(account?.password_hash, current))) {
      throw new AppError('password-wrong', 'The current password is not right.', {
        errors: [{ pointer: '/current_password', code: 'password-wrong', detail: 'This is not the current password.' }],
      });
    }
    const passwordHash = await hashPassword(next);
    await this.db.write(async (trx) => {
      const keep = actor.credential.kind === 'session' ? actor.credential.sessionHash : null;
      await this.setPassword(trx, actor.developerId, { password_hash: passwordHash }, keep);
      await this.audit.append(trx, auditActor(actor), {
        action: 'developer.password_changed',
        subject: { kind: 'developer', id: actor.developerId },
      });
    });
  }

  /** Makes a one-time link with which the first admin is created, unless there is an admin. */
  async createSetupLink(): Promise<string | undefined> {
    if (await this.repository.hasAnyAdmin()) return undefined;
    const token = await this.db.write(async (trx) => {
      await this.repository.deleteTokensFor(trx, 'create-admin');
      return this.mintToken(trx, null, 'create-admin');
    });
    return this.mail.link('setup', token);
  }

  /** Creates the first admin by the one-time link. @throws AppError `token-invalid`, `setup-done` */
  async setUpFirstAdmin(input: Setup, address: string, requestId: string): Promise<DeveloperResource> {
    await this.limits.consume('token/address', address);
    const by: AuditActor = { kind: 'anonymous', id: null, credentialId: null, requestId };
    const passwordHash = await hashPassword(input.password);
    return this.db.write(async (trx) => {
      if (!(await this.repository.findToken(trx, sha256Hex(input.token), 'create-admin', this.clock.timestamp()))) {
        throw tokenInvalid();
      }
      if (await this.repository.hasOtherAdmin(trx, null)) {
        throw new AppError('setup-done', 'There is an admin already. Sign in, or ask that admin.');
      }
      await this.repository.deleteTokensFor(trx, 'create-admin');
      return this.putAdmin(trx, { email: input.email, name: input.name, passwordHash }, by);
    });
  }

  /**
   * Creates a verified admin, or makes one of the account that has this address, with this password.
   *
   * @returns the account
   */
  async createAdmin(
    input: { email: string; name: string; password: string },
    by: AuditActor,
  ): Promise<DeveloperResource> {
    const passwordHash = await hashPassword(input.password);
    return this.db.write((trx) => this.putAdmin(trx, { ...input, passwordHash }, by));
  }

  /**
   * Takes an account from whoever registered its address last, and mails whoever has the address a link for a password. For
   * one that is verified without a proof although it was registered more than once: two people may say that it is theirs.
   */
  async handOver(trx: CoreTransaction, developerId: string, by: AuditActor): Promise<void> {
    await this.repository.update(trx, developerId, { password_hash: null }, this.clock.timestamp());
    await this.repository.deleteSessionsOf(trx, developerId, null);
    await this.repository.deleteTokensOf(trx, developerId);
    await this.endKeys(trx, developerId, 'verified-by-admin', by);
    await this.jobs.enqueue(trx, 'mail.reset-password', { developer_id: developerId });
  }

  /** The id of the account with this address. */
  async findIdByEmail(email: string): Promise<string | undefined> {
    return (await this.repository.findByEmail(email))?.id;
  }

  /** Whether there is an admin who can sign in. */
  async hasAdmin(): Promise<boolean> {
    return this.repository.hasAnyAdmin();
  }

  private async putAdmin(
    trx: CoreTransaction,
    input: { email: string; name: string; passwordHash: string },
    by: AuditActor,
  ): Promise<DeveloperResource> {
    const now = this.clock.timestamp();
    const existing = await this.repository.findByEmail(input.email, trx);
    const id = existing?.id ?? newId();
    if (existing) {
      await this.repository.update(
        trx,
        id,
        { role: 'admin', verified: 1, password_hash: input.passwordHash, name: input.name },
        now,
      );
      await this.repository.deleteSessionsOf(trx, id, null);
      await this.repository.deleteTokensOf(trx, id);
      // An unverified account may be somebody else's: nothing that person made keeps working.
      if (existing.verified === 0) await this.endKeys(trx, id, 'made-admin', by);
    } else {
      await this.repository.insert(trx, {
        id,
        email: input.email,
        name: input.name,
        password_hash: input.passwordHash,
        verified: 1,
        role: 'admin',
        now,
      });
    }
    await this.audit.append(trx, by, { action: 'developer.made_admin', subject: { kind: 'developer', id } });
    return toDeveloperResource((await this.repository.findById(id, trx)) as CoreRow<'developers'>);
  }

  private async endKeys(trx: CoreTransaction, developerId: string, reason: string, by: AuditActor): Promise<void> {
    await this.apiKeys.revokeAll(trx, developerId, reason, by);
    await this.signingKeys.deactivateAll(trx, developerId, by);
  }

  private async setPassword(
    trx: CoreTransaction,
    developerId: string,
    change: Partial<CoreRow<'developers'>>,
    keepSession: string | null,
  ): Promise<void> {
    await this.repository.update(trx, developerId, change, this.clock.timestamp());
    await this.repository.deleteSessionsOf(trx, developerId, keepSession);
    await this.repository.deleteTokensOf(trx, developerId, 'reset-password');
    await this.jobs.enqueue(trx, 'mail.password-changed', { developer_id: developerId });
  }

  private async mintToken(trx: CoreTransaction, developerId: string | null, purpose: TokenPurpose): Promise<string> {
    const token = randomBase62(TOKEN_LENGTH);
    await this.repository.insertToken(trx, {
      token_hash: sha256Hex(token),
      purpose,
      developer_id: developerId,
      created_at: this.clock.timestamp(),
      expires_at: this.clock.timestampIn(TOKEN_LIFE_MS[purpose]),
    });
    return token;
  }

  /** Takes a token, once: every other one for the same purpose dies with it. */
  private async useToken(trx: CoreTransaction, token: string, purpose: TokenPurpose): Promise<CoreRow<'developers'>> {
    const found = await this.repository.findToken(trx, sha256Hex(token), purpose, this.clock.timestamp());
    const account = found?.developer_id ? await this.repository.findById(found.developer_id, trx) : undefined;
    if (!account) throw tokenInvalid();
    await this.repository.deleteTokensOf(trx, account.id, purpose);
    return account;
  }

  /**
   * The token is made when the mail is: until then no secret lies in the job queue. Account and token are of one moment,
   * so a mail never carries the name of one registration and the token of the next.
   */
  private async mailToken(developerId: string, purpose: 'verify-email' | 'reset-password') {
    const minted = await this.db.write(async (trx) => {
      const account = await this.repository.findById(developerId, trx);
      if (!account || (purpose === 'verify-email' && account.verified === 1)) return undefined;
      return { account, token: await this.mintToken(trx, developerId, purpose) };
    });
    if (!minted) return undefined;
    return this.mail.send(toRecipient(minted.account), {
      template: purpose,
      name: minted.account.name,
      link: this.mail.link(purpose, minted.token),
    });
  }

  private async mailNotice(developerId: string, template: 'account-exists' | 'password-changed') {
    const account = await this.repository.findById(developerId);
    if (!account) return undefined;
    return this.mail.send(
      toRecipient(account),
      template === 'account-exists'
        ? { template, name: account.name, link: this.mail.link('forgot-password') }
        : { template, name: account.name },
    );
  }

  private async deleteExpired(): Promise<void> {
    await this.db.write((trx) => this.repository.deleteExpired(trx, this.clock.timestamp()));
  }
}

function tokenInvalid(): AppError {
  return new AppError(
    'token-invalid',
    'The link was used already, has run out, or was replaced by a newer one. Ask for another.',
  );
}
