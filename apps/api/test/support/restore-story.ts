import { randomUUID, createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackageFromEntries, generateSigningKey } from '@mosis/package';
import { HttpClient, signInOverHttp } from './http-client.js';
import { png } from './images.js';
import type { ReplicatedServer } from './replicated-server.js';

export const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'a password for tests' };
export const APP = 'com.example.restored';
export const ENVIRONMENT = { ...ADMIN, ALLOW_SELF_REVIEW: 'on', LOG_LEVEL: 'warn' };
const NEW_PASSWORD = 'another password for tests';

/** What happened on a server before it was lost, and when. */
export interface Story {
  /** A published app with an icon, two accounts, two API keys, events of two devices. */
  before: Date;
  sha256: string;
  iconSha256: string;
  apiKey: string;
  ingestKey: string;
  signingFingerprint: string;
  developer: { email: string; password: string; newPassword: string };
  /** Somebody who was signed in when the machine was lost. */
  signedIn: HttpClient;
}

/** Tells the first half on a running server, and resolves when it has arrived in the backup. */
export async function tellBeginning(replicated: ReplicatedServer): Promise<{ story: Story; admin: HttpClient }> {
  const { url } = replicated.server;
  const admin = await signInOverHttp(url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
  const signing = generateSigningKey();
  await post(admin, '/v1/signing-keys', { name: 'first', public_key: signing.publicKeyPem }, 201);
  await post(admin, '/v1/apps', { package_id: APP, name: 'Restored', description: 'What was lost' }, 201);
  const icon = await admin.send('PUT', `/v1/apps/${APP}/icon`, png(32), { 'content-type': 'image/png' });
  const iconSha256 = ((await icon.json()) as { icon_sha256: string }).icon_sha256;
  const sha256 = await submit(admin, signing.privateKeyPem, 1);
  await decide(admin);
  await post(admin, `/v1/apps/${APP}/versions/1/publish`, undefined, 200);
  await submit(admin, signing.privateKeyPem, 2);
  const developer = { email: 'dev@example.com', password: ADMIN.ADMIN_PASSWORD, newPassword: NEW_PASSWORD };
  await post(admin, '/v1/auth/register', { email: developer.email, name: 'Dev', password: developer.password }, 202);
  await verify(replicated, developer.email);
  const dev = await signInOverHttp(url, developer.email, developer.password);
  const apiKey = await created(dev, '/v1/api-keys', { name: 'ci', permissions: ['apps:read'] });
  const ingestKey = await created(admin, `/v1/apps/${APP}/ingest-keys`, { name: 'devices' });
  await send(url, ingestKey, 'kept', 3);
  await send(url, ingestKey, 'forgotten', 4);
  const before = await replicated.shipped();
  const story = {
    before,
    sha256,
    iconSha256,
    apiKey,
    ingestKey,
    signingFingerprint: signing.fingerprint,
    developer,
    signedIn: dev,
  };
  return { story, admin };
}

/** Tells the second half: what is ended, decided and made after the moment of the first. */
export async function tellEnd(replicated: ReplicatedServer, admin: HttpClient, story: Story): Promise<void> {
  const { url } = replicated.server;
  const dev = await signInOverHttp(url, story.developer.email, story.developer.password);
  const { items: keys } = (await (await dev.get('/v1/api-keys')).json()) as { items: { id: string }[] };
  await dev.send('DELETE', `/v1/api-keys/${keys[0]?.id}`);
  await post(
    dev,
    '/v1/me/password',
    { current_password: story.developer.password, new_password: story.developer.newPassword },
    204,
  );
  await decide(admin);
  const { items } = (await (await admin.get('/v1/signing-keys')).json()) as { items: { id: string }[] };
  await admin.send('DELETE', `/v1/signing-keys/${items[0]?.id}`);
  await post(admin, `/v1/apps/${APP}/versions/1/yank`, { reason: 'It crashes' }, 200);
  await post(admin, `/v1/apps/${APP}/telemetry/erasures`, { device_id: 'forgotten' }, 202);
  await post(admin, '/v1/auth/forgot-password', { email: story.developer.email }, 202);
  await post(admin, '/v1/apps', { package_id: 'com.example.late', name: 'Late' }, 201);
  await send(url, story.ingestKey, 'kept', 2);
  const id = await developerId(admin, story.developer.email);
  await post(admin, `/v1/admin/developers/${id}/suspend`, { reason: 'Spam' }, 200);
}

/** Sends events of one device; all must be stored. */
export async function send(url: string, ingestKey: string, deviceId: string, events: number): Promise<void> {
  await post(
    new HttpClient(url),
    '/v1/telemetry/batches',
    {
      batch_id: randomUUID(),
      app_id: APP,
      app_version: '1.0.0',
      mosis_version: '1.0.0',
      device_id: deviceId,
      session_id: randomUUID(),
      events: Array.from({ length: events }, () => ({ type: 'app_start', timestamp: new Date().toISOString() })),
    },
    200,
    { 'x-ingest-key': ingestKey },
  );
}

async function submit(admin: HttpClient, privateKeyPem: string, versionCode: number): Promise<string> {
  const manifest = {
    id: APP,
    name: 'Restored',
    version: `1.0.${versionCode}`,
    version_code: versionCode,
    entry: 'main.rml',
    permissions: [],
    min_mosis_version: '1.0.0',
  };
  const bytes = await buildPackageFromEntries(
    [
      { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) },
      { path: 'main.rml', data: Buffer.from('<rml/>') },
    ],
    createPrivateKey(privateKeyPem),
  );
  const versions = `/v1/apps/${APP}/versions`;
  const { package_sha256: sha256 } = await post(admin, versions, bytes, 201);
  await post(admin, `${versions}/${versionCode}/submit`, undefined, 200);
  return sha256 as string;
}

async function decide(admin: HttpClient): Promise<void> {
  const queue = (await (await admin.get('/v1/admin/reviews?status=pending')).json()) as { items: { id: string }[] };
  await post(admin, `/v1/admin/reviews/${queue.items[0]?.id}/decision`, { decision: 'approve', notes: '' }, 200);
}

async function verify(replicated: ReplicatedServer, email: string): Promise<void> {
  const folder = join(replicated.data.path, 'outbox');
  const token = await replicated.untilFile(folder, () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .filter((mail) => mail.includes(`To: ${email}\r\n`))
      .map((mail) => /token=([A-Za-z0-9_-]+)/.exec(mail)?.[1])
      .find((found) => found !== undefined),
  );
  await post(new HttpClient(replicated.server.url), '/v1/auth/verify-email', { token }, 204);
}

async function developerId(admin: HttpClient, email: string): Promise<string> {
  const answer = (await (await admin.get(`/v1/admin/developers?q=${email}`)).json()) as { items: { id: string }[] };
  return answer.items[0]?.id ?? '';
}

async function created(client: HttpClient, path: string, body: unknown): Promise<string> {
  return (await post(client, path, body, 201)).key as string;
}

/** Posts and expects a status; answers the body. */
export async function post(
  client: HttpClient,
  path: string,
  body: unknown,
  status: number,
  headers: Record<string, string> = {},
): Promise<Record<string, string>> {
  const answer = await client.post(path, body, headers);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`POST ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as Record<string, string>;
}
