import { Injectable, Inject } from '@nestjs/common';
import { createPublicKey, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigningKey } from '@mosis/package';
import { newId, type Role } from '@mosis/db';
import type { Actor } from '../access/actor.js';
import { AccountsService } from '../accounts/accounts.service.js';
import { AdministrationService } from '../administration/administration.service.js';
import { AppError } from '../common/app-error.js';
import { newToken, sha256Hex } from '../common/secrets.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { SigningKeysService } from '../signing-keys/signing-keys.service.js';

/** A developer of the demo: who acts, and what signs. */
export interface DemoAuthor {
  actor: Actor;
  privateKeyPem: string;
}

/**
 * The people of a demo catalogue. Their addresses end in `.invalid`, which reaches nobody; their passwords are random and
 * told to nobody; their signing keys lie in DATA_DIR/demo, so that a load can go on where an earlier one stopped.
 */
@Injectable()
export class DemoCast {
  private readonly authors = new Map<string, Promise<DemoAuthor>>();
  private readonly folder: string;

  constructor(
    private readonly accounts: AccountsService,
    private readonly administration: AdministrationService,
    private readonly signingKeys: SigningKeysService,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.folder = join(settings.dataDir, 'demo');
  }

  /** A reviewer who decides on the demo's submissions; no author is, and no admin: the first admin is still to come. */
  async getReviewer(): Promise<Actor> {
    const email = 'demo-reviewer@mosis-demo.invalid';
    const { id } = await this.register(email, 'Demo reviewer');
    const reviewer = actorOf(id, 'reviewer');
    await this.administration.updateDeveloper(reviewer, id, { verified: true, role: 'reviewer' });
    return reviewer;
  }

  /** The developer of this name, registered and verified when new. */
  async getAuthor(name: string, reviewer: Actor, onNew: () => void): Promise<DemoAuthor> {
    const key = sha256Hex(name).slice(0, 16);
    let author = this.authors.get(key);
    if (!author) {
      author = this.createAuthor(name, key, reviewer, onNew);
      this.authors.set(key, author);
    }
    return author;
  }

  private async createAuthor(name: string, key: string, reviewer: Actor, onNew: () => void): Promise<DemoAuthor> {
    const email = `author-${key}@mosis-demo.invalid`;
    const { id, isNew } = await this.register(email, name);
    if (isNew) onNew();
    await this.administration.updateDeveloper(reviewer, id, { verified: true });
    const actor = actorOf(id, 'developer');
    return { actor, privateKeyPem: await this.getSigningKey(actor, key) };
  }

  /**
   * Makes an account whose password nobody knows, unless an earlier load did: only a load verifies these addresses. One that
   * waits may be a stranger's, who read its address here; registering it again takes it from him.
   */
  private async register(email: string, name: string): Promise<{ id: string; isNew: boolean }> {
    const found = await this.accounts.findIdByEmail(email);
    if (found) {
      const { verified, suspended_at } = await this.administration.getDeveloper(found);
      if (verified) return { id: found, isNew: false };
      // Nothing changes for a suspended account when its address is registered again: it would stay the stranger's.
      if (suspended_at !== null)
        throw new Error(`${email} belongs to the demo, and its account is suspended. Delete it.`);
    }
    await this.accounts.register({ email, name, password: newToken() }, '127.0.0.1', newId());
    const id = await this.accounts.findIdByEmail(email);
    if (!id) throw new Error(`The demo could not register ${email}.`);
    return { id, isNew: true };
  }

  private async getSigningKey(actor: Actor, key: string): Promise<string> {
    const file = join(this.folder, `${key}.pem`);
    let privateKeyPem: string;
    try {
      privateKeyPem = await readFile(file, 'utf8');
    } catch {
      ({ privateKeyPem } = generateSigningKey());
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(file, privateKeyPem, { mode: 0o600 });
    }
    const publicKeyPem = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString();
    try {
      await this.signingKeys.create(actor, 'Demo', publicKeyPem);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'signing-key-exists')) throw error;
    }
    return privateKeyPem;
  }
}

function actorOf(developerId: string, role: Role): Actor {
  return {
    developerId,
    role,
    verified: true,
    credential: { kind: 'session', sessionHash: `demo-${randomUUID()}` },
    requestId: `demo-${newId()}`,
  };
}
