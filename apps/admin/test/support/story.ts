import { createPrivateKey, randomUUID } from 'node:crypto';
import { HttpClient, signInOverHttp } from '../../../api/test/support/http-client.js';
import { buildPackageFromEntries, generateSigningKey } from '@mosis/package';

export const PASSWORD = 'correct horse battery';

/** Somebody with an account, over a real socket. */
export interface Account {
  client: HttpClient;
  id: string;
  email: string;
  name: string;
}

/** A developer with a signing key. */
export interface Developer extends Account {
  key: { privateKeyPem: string };
}

/** What a submitted package says and holds. */
export interface Submission {
  packageId: string;
  name: string;
  versionCode?: number;
  permissions?: string[];
  files?: Record<string, string>;
}

/** Registers accounts and submits apps, as people and their scripts would, beside what the browser does. */
export class Story {
  constructor(
    private readonly url: string,
    private readonly admin: HttpClient,
  ) {}

  async account(name: string, role: 'developer' | 'reviewer'): Promise<Account> {
    const email = `${name.toLowerCase()}@example.com`;
    const client = new HttpClient(this.url);
    await expectOk(client.post('/v1/auth/register', { email, name, password: PASSWORD }));
    const found = await expectOk(this.admin.get(`/v1/admin/developers?q=${encodeURIComponent(email)}`));
    const { id } = (found as { items: { id: string }[] }).items[0]!;
    await expectOk(this.admin.send('PATCH', `/v1/admin/developers/${id}`, { verified: true, role }));
    return { client: await signInOverHttp(this.url, email, PASSWORD), id, email, name };
  }

  async developer(name: string): Promise<Developer> {
    const account = await this.account(name, 'developer');
    return { ...account, key: await this.key(account, `${name}’s key`) };
  }

  /** Registers another signing key. */
  async key({ client }: Account, name: string): Promise<Developer['key']> {
    const { privateKeyPem, publicKeyPem } = generateSigningKey();
    await expectOk(client.post('/v1/signing-keys', { name, public_key: publicKeyPem }));
    return { privateKeyPem };
  }

  async app({ client }: Developer, packageId: string, name: string): Promise<void> {
    await expectOk(client.post('/v1/apps', { package_id: packageId, name, description: `${name}, in short.` }));
  }

  /** Uploads and submits a version. */
  async submit({ client, key }: Developer, submission: Submission): Promise<void> {
    const { packageId, name, versionCode = 1, permissions = [], files = {} } = submission;
    const manifest = {
      id: packageId,
      name,
      version: `1.0.${versionCode}`,
      version_code: versionCode,
      entry: 'main.rml',
      permissions,
      min_mosis_version: '1.0.0',
    };
    const entries = { 'manifest.json': JSON.stringify(manifest), 'main.rml': '<rml/>\n', ...files };
    const bytes = await buildPackageFromEntries(
      Object.entries(entries).map(([path, text]) => ({ path, data: Buffer.from(text) })),
      createPrivateKey(key.privateKeyPem),
    );
    const url = `/v1/apps/${packageId}/versions`;
    await expectOk(client.post(url, bytes));
    await expectOk(client.post(`${url}/${versionCode}/submit`));
  }

  async publish({ client }: Developer, packageId: string, versionCode: number): Promise<void> {
    await expectOk(client.post(`/v1/apps/${packageId}/versions/${versionCode}/publish`));
  }

  /** Has what waits of an app approved by somebody else than the browser's people. */
  async approve(reviewer: Account, packageId: string): Promise<void> {
    const id = await this.reviewId(packageId);
    await expectOk(reviewer.client.post(`/v1/admin/reviews/${id}/decision`, { decision: 'approve' }));
  }

  async reviewId(packageId: string): Promise<string> {
    const queue = await expectOk(this.admin.get(`/v1/admin/reviews?q=${packageId}`));
    return (queue as { items: { id: string }[] }).items[0]!.id;
  }

  /** What the store shows of an app; undefined when it has none. */
  async inStore(packageId: string): Promise<Record<string, unknown> | undefined> {
    const answer = await new HttpClient(this.url).get(`/v1/store/apps/${packageId}`);
    return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>);
  }

  /** Devices say that they are there, each line in a session of its own. */
  async beat(
    { client }: Developer,
    packageId: string,
    beats: readonly { device: string; version: string }[],
  ): Promise<void> {
    const made = await expectOk(client.post(`/v1/apps/${packageId}/ingest-keys`, { name: 'devices' }));
    const headers = { 'x-ingest-key': (made as { key: string }).key };
    for (const { device, version } of beats) {
      const body = { app_id: packageId, device_id: device, session_id: randomUUID(), app_version: version };
      await expectOk(new HttpClient(this.url).post('/v1/telemetry/heartbeats', body, headers));
    }
  }

  async version({ client }: Developer, packageId: string, code: number): Promise<Record<string, unknown>> {
    return (await expectOk(client.get(`/v1/apps/${packageId}/versions/${code}`))) as Record<string, unknown>;
  }
}

/** The answer's body, or a failure that says what the server said. */
export async function expectOk(sent: Promise<Response>): Promise<unknown> {
  const answer = await sent;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} from ${answer.url}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
