import { createPrivateKey } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackageFromEntries, generateSigningKey } from '@mosis/package';
import { AccountsService } from '../../src/accounts/accounts.service.js';
import { SYSTEM } from '../../src/audit/audit.service.js';
import type { Answer, Client } from './client.js';
import type { TestPlatform } from './platform.js';

export const PASSWORD = 'correct horse battery';
let counter = 0;

/** A text that no other call gets. */
export function unique(prefix: string): string {
  counter += 1;
  return `${prefix}${counter}`;
}

/** A signed-in account. */
export interface Person {
  client: Client;
  id: string;
  email: string;
  name: string;
}

/** The mails in the outbox, oldest first, as their text. */
export function readOutbox(platform: TestPlatform): string[] {
  const folder = join(platform.settings.dataDir, 'outbox');
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'));
  } catch {
    return [];
  }
}

/** The newest token that was mailed to an address. */
export async function findMailedToken(platform: TestPlatform, email: string): Promise<string> {
  await platform.idle();
  const mail = readOutbox(platform).findLast((text) => text.includes(`To: ${email}\r\n`) && text.includes('token='));
  const token = /token=([A-Za-z0-9_-]+)/.exec(mail ?? '')?.[1];
  if (!token) throw new Error(`No mail with a token was sent to ${email}.`);
  return token;
}

/** Registers an account and signs it in; verified unless told otherwise. */
export async function signUp(
  platform: TestPlatform,
  options: { verified?: boolean; email?: string; name?: string } = {},
): Promise<Person> {
  const email = options.email ?? `${unique('dev')}@example.com`;
  const name = options.name ?? unique('Developer ');
  const client = platform.client();
  expectStatus(await client.post('/v1/auth/register', { email, name, password: PASSWORD }), 202);
  if (options.verified ?? true) {
    expectStatus(await client.post('/v1/auth/verify-email', { token: await findMailedToken(platform, email) }), 204);
  }
  const login = await client.post('/v1/auth/login', { email, password: PASSWORD });
  expectStatus(login, 200);
  return { client, id: login.body.developer.id, email, name };
}

/** An admin, signed in. */
export async function createAdmin(platform: TestPlatform): Promise<Person> {
  const email = `${unique('admin')}@example.com`;
  const { id, name } = await platform.app
    .get(AccountsService)
    .createAdmin({ email, name: unique('Admin '), password: PASSWORD }, SYSTEM);
  const client = platform.client();
  expectStatus(await client.post('/v1/auth/login', { email, password: PASSWORD }), 200);
  return { client, id, email, name };
}

/** A reviewer, signed in, given the role by an admin. */
export async function createReviewer(platform: TestPlatform, admin?: Person): Promise<Person> {
  const by = admin ?? (await createAdmin(platform));
  const person = await signUp(platform);
  expectStatus(await by.client.patch(`/v1/admin/developers/${person.id}`, { role: 'reviewer' }), 200);
  return person;
}

/** A signing key that is registered for a person. */
export interface TestSigningKey {
  id: string;
  privateKeyPem: string;
  fingerprint: string;
}

/** Makes a signing key and registers it. */
export async function addSigningKey(person: Person): Promise<TestSigningKey> {
  const { privateKeyPem, publicKeyPem, fingerprint } = generateSigningKey();
  const answer = await person.client.post('/v1/signing-keys', { name: unique('key '), public_key: publicKeyPem });
  expectStatus(answer, 201);
  return { id: answer.body.id, privateKeyPem, fingerprint };
}

/** Creates an API key and answers it. */
export async function addApiKey(
  person: Person,
  permissions: string[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const answer = await person.client.post('/v1/api-keys', { name: unique('key '), permissions, ...more });
  expectStatus(answer, 201);
  return answer.body.key;
}

/** What a test's package holds beside the least that one needs. */
export interface PackageContent {
  packageId: string;
  versionCode?: number;
  versionName?: string;
  name?: string;
  permissions?: string[];
  minMosisVersion?: string;
  icons?: Record<string, string>;
  files?: Record<string, string | Buffer>;
}

/** Builds a signed package. */
export async function buildTestPackage(key: { privateKeyPem: string }, content: PackageContent): Promise<Buffer> {
  const versionCode = content.versionCode ?? 1;
  const manifest = {
    id: content.packageId,
    name: content.name ?? 'Test app',
    version: content.versionName ?? `1.0.${versionCode}`,
    version_code: versionCode,
    entry: 'main.rml',
    permissions: content.permissions ?? [],
    min_mosis_version: content.minMosisVersion ?? '1.0.0',
    ...(content.icons ? { icons: content.icons } : {}),
  };
  const files = { 'main.rml': '<rml/>\n', ...content.files };
  return buildPackageFromEntries(
    [
      { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
      ...Object.entries(files).map(([path, data]) => ({
        path,
        data: Buffer.isBuffer(data) ? data : Buffer.from(data),
      })),
    ],
    createPrivateKey(key.privateKeyPem),
    { validate: false },
  );
}

/** A developer with an app and a signing key. */
export interface Publisher extends Person {
  packageId: string;
  key: TestSigningKey;
}

/** Registers a developer with a key and a drafted app. */
export async function createPublisher(
  platform: TestPlatform,
  listing: Record<string, unknown> = {},
): Promise<Publisher> {
  const person = await signUp(platform);
  const key = await addSigningKey(person);
  const packageId = `com.example.${unique('app')}`;
  expectStatus(await person.client.post('/v1/apps', { package_id: packageId, name: 'Test app', ...listing }), 201);
  return { ...person, packageId, key };
}

/** Uploads a version of a publisher's app. */
export async function upload(publisher: Publisher, content: Omit<PackageContent, 'packageId'> = {}): Promise<Answer> {
  const bytes = await buildTestPackage(publisher.key, { packageId: publisher.packageId, ...content });
  return publisher.client.post(`/v1/apps/${publisher.packageId}/versions`, bytes);
}

/** The id of the pending review of an app. */
export async function findPendingReview(reviewer: Person, packageId: string, kind = 'version'): Promise<string> {
  const queue = await reviewer.client.get(`/v1/admin/reviews?status=pending&limit=100&kind=${kind}&q=${packageId}`);
  expectStatus(queue, 200);
  const review = queue.body.items.find((item: { package_id: string }) => item.package_id === packageId);
  if (!review) throw new Error(`Nothing of ${packageId} is pending.`);
  return review.id;
}

/** Uploads, submits, has approved and publishes a version; answers the published one. */
export async function publishVersion(
  publisher: Publisher,
  reviewer: Person,
  content: Omit<PackageContent, 'packageId'> = {},
): Promise<Answer> {
  const uploaded = await upload(publisher, content);
  expectStatus(uploaded, 201);
  const url = `/v1/apps/${publisher.packageId}/versions/${uploaded.body.version_code}`;
  expectStatus(await publisher.client.post(`${url}/submit`), 200);
  const review = await findPendingReview(reviewer, publisher.packageId);
  expectStatus(
    await reviewer.client.post(`/v1/admin/reviews/${review}/decision`, { decision: 'approve', notes: '' }),
    200,
  );
  const published = await publisher.client.post(`${url}/publish`);
  expectStatus(published, 200);
  return published;
}

/** Fails with the answer's body, which says more than a number. */
export function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status)
    throw new Error(`Expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}
