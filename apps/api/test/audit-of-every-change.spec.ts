import { generateSigningKey } from '@mosis/package';
import { readFileSync } from 'node:fs';
import { AccountsService } from '../src/accounts/accounts.service.js';
import { buildTestPackage, findMailedToken, findPendingReview, PASSWORD, type Person } from './support/actors.js';
import { countAudit, inventory, rows, scalar } from './support/attack.js';
import type { Answer, Client } from './support/client.js';
import { png } from './support/images.js';
import { TestPlatform } from './support/platform.js';

/** Stands in every text that a person can write; an audit row must never carry it. */
const MARK = 'Quetzalcoatl';
const ID = 'com.example.audited';
const APP = `/v1/apps/${ID}`;
/** Tables whose every change is a change of meaning. */
const MEANINGFUL = [
  'developers',
  'api_keys',
  'signing_keys',
  'apps',
  'app_revisions',
  'app_versions',
  'reviews',
  'check_results',
  'ingest_keys',
  'tombstones',
];
/** Sessions, tokens, questions and what devices send change nothing of meaning. */
const EXEMPT = [
  'POST /v1/auth/login',
  'POST /v1/auth/logout',
  'POST /v1/auth/forgot-password',
  'POST /v1/store/updates',
  'POST /v1/telemetry/batches',
  'POST /v1/telemetry/heartbeats',
  'POST /v1/apps/{package_id}/telemetry/query',
];

type Method = 'post' | 'put' | 'patch' | 'delete';

/** Invariant 7, first half: no change of meaning without its audit row. */
describe('every change of meaning', () => {
  let platform: TestPlatform;
  let owner: Person;
  let admin: Person;
  let reviewer: Person;
  let leaver: Person;
  const walked = new Set<string>();
  beforeAll(async () => {
    platform = await TestPlatform.start();
    const person = (name: string): Person => ({
      client: platform.client(),
      id: '',
      email: `${MARK}.${name}@example.com`.toLowerCase(),
      name: `${MARK} ${name}`,
    });
    [owner, admin, reviewer, leaver] = [person('owner'), person('admin'), person('reviewer'), person('leaver')];
  });
  afterAll(() => platform.stop());

  const meaning = () =>
    JSON.stringify(
      MEANINGFUL.map((table) => [table, rows(platform, `SELECT * FROM ${table}`)]),
      (key: string, value: unknown) => (key === 'last_used_at' ? undefined : value),
    );

  /** Sends a request three times: with an audit log that takes no rows, as it is, and again. */
  async function step(method: Method, route: string, client: Client, url: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = url.endsWith('/icon') && body ? { 'content-type': 'image/png' } : {};
    const request = () => client.send(method.toUpperCase() as 'POST', url, body, headers);
    await platform.idle();
    const before = meaning();
    const left = inventory(platform);
    platform.db.rawWriter.exec(
      `CREATE TRIGGER refuse_audit BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'no audit'); END`,
    );
    const unaudited = await request();
    platform.db.rawWriter.exec('DROP TRIGGER refuse_audit');
    await platform.idle();
    expect([route, unaudited.status, meaning() === before]).toEqual([route, 500, true]);
    expect([route, inventory(platform)]).toEqual([route, left]);

    const count = countAudit(platform);
    const answer = await request();
    expect([route, answer.status < 300, answer.body.code]).toEqual([route, true, undefined]);
    expect([route, countAudit(platform) > count]).toEqual([route, true]);
    walked.add(`${method.toUpperCase()} ${route}`);

    await platform.idle();
    const [counted, meant] = [countAudit(platform), meaning()];
    const again = await request();
    if (again.status >= 400) expect([route, countAudit(platform), meaning() === meant]).toEqual([route, counted, true]);
    else expect([route, countAudit(platform) > counted || meaning() === meant]).toEqual([route, true]);
    return answer;
  }

  async function register(person: Person): Promise<void> {
    const { client, email, name } = person;
    await step('post', '/v1/auth/register', client, '/v1/auth/register', { email, name, password: PASSWORD });
    const token = await findMailedToken(platform, email);
    await step('post', '/v1/auth/verify-email', client, '/v1/auth/verify-email', { token });
    person.id = (await client.post('/v1/auth/login', { email, password: PASSWORD })).body.developer.id;
  }

  const uploadStep = async (key: { privateKeyPem: string }, versionCode: number) => {
    const bytes = await buildTestPackage(key, { packageId: ID, versionCode, name: MARK });
    return step('post', '/v1/apps/{package_id}/versions', owner.client, `${APP}/versions`, bytes);
  };
  const versionStep = (method: Method, action: string, code: number, body?: unknown, client = owner.client) => {
    const slash = action === '' ? '' : `/${action}`;
    const route = `/v1/apps/{package_id}/versions/{version_code}${slash}`;
    return step(method, route, client, `${APP}/versions/${code}${slash}`, body);
  };
  const decideStep = async (decision: string, kind: string) => {
    const id = await findPendingReview(reviewer, ID, kind);
    const body = { decision, notes: `${MARK} notes` };
    await step('post', '/v1/admin/reviews/{id}/decision', reviewer.client, `/v1/admin/reviews/${id}/decision`, body);
  };
  const adminStep = (method: Method, route: string, url: string, body?: unknown) =>
    step(method, `/v1/admin/${route}`, admin.client, `/v1/admin/${url}`, body);

  it('of accounts and keys adds its row in the same transaction, or does not happen', async () => {
    const link = await platform.app.get(AccountsService).createSetupLink();
    const token = /token=([\w-]+)/.exec(link ?? '')?.[1];
    const { email, name } = admin;
    const setup = { token, email, name, password: PASSWORD };
    admin.id = (await step('post', '/v1/auth/setup', admin.client, '/v1/auth/setup', setup)).body.id;
    await admin.client.post('/v1/auth/login', { email, password: PASSWORD });
    for (const person of [owner, reviewer, leaver]) await register(person);
    await owner.client.post('/v1/auth/forgot-password', { email: owner.email });
    const reset = { token: await findMailedToken(platform, owner.email), password: PASSWORD };
    await step('post', '/v1/auth/reset-password', owner.client, '/v1/auth/reset-password', reset);
    await owner.client.post('/v1/auth/login', { email: owner.email, password: PASSWORD });
    await adminStep('patch', 'developers/{id}', `developers/${reviewer.id}`, { role: 'reviewer' });
    const passwords = { current_password: PASSWORD, new_password: PASSWORD };
    await step('post', '/v1/me/password', leaver.client, '/v1/me/password', passwords);
    const key = { name: `${MARK} key`, permissions: ['apps:read'] };
    const created = await step('post', '/v1/api-keys', leaver.client, '/v1/api-keys', key);
    await step('delete', '/v1/api-keys/{id}', leaver.client, `/v1/api-keys/${created.body.id}`);
    const { publicKeyPem } = generateSigningKey();
    const signing = { name: `${MARK} key`, public_key: publicKeyPem };
    const registered = await step('post', '/v1/signing-keys', leaver.client, '/v1/signing-keys', signing);
    await step('delete', '/v1/signing-keys/{id}', leaver.client, `/v1/signing-keys/${registered.body.id}`);
    await adminStep('post', 'developers/{id}/suspend', `developers/${leaver.id}/suspend`, { reason: MARK });
    await adminStep('post', 'developers/{id}/unsuspend', `developers/${leaver.id}/unsuspend`);
    await step('patch', '/v1/me', leaver.client, '/v1/me', { name: `${MARK} renamed` });
    await step('delete', '/v1/me', leaver.client, '/v1/me');
  });

  it('of apps, versions and reviews adds its row in the same transaction, or does not happen', async () => {
    const key = generateSigningKey();
    const registered = await owner.client.post('/v1/signing-keys', { name: MARK, public_key: key.publicKeyPem });
    expect(registered.status).toBe(201);
    const listing = { name: MARK, description: MARK, category: MARK, tags: [MARK] };
    await step('post', '/v1/apps', owner.client, '/v1/apps', { package_id: ID, ...listing });
    await step('patch', '/v1/apps/{package_id}', owner.client, APP, { description: `${MARK} 2` });
    await step('put', '/v1/apps/{package_id}/icon', owner.client, `${APP}/icon`, png(20));
    await step('delete', '/v1/apps/{package_id}/icon', owner.client, `${APP}/icon`);
    const ingest = { name: MARK };
    const made = await step('post', '/v1/apps/{package_id}/ingest-keys', owner.client, `${APP}/ingest-keys`, ingest);
    const revoke = `${APP}/ingest-keys/${made.body.id}`;
    await step('delete', '/v1/apps/{package_id}/ingest-keys/{id}', owner.client, revoke);
    const device = { device_id: MARK };
    const erasures = '/v1/apps/{package_id}/telemetry/erasures';
    await step('post', erasures, owner.client, `${APP}/telemetry/erasures`, device);
    await uploadStep(key, 1);
    await versionStep('patch', '', 1, { release_notes: MARK });
    await versionStep('delete', '', 1);
    await uploadStep(key, 2);
    await versionStep('post', 'submit', 2);
    await versionStep('post', 'withdraw', 2);
    await versionStep('post', 'submit', 2);
    const claim = `/v1/admin/reviews/${await findPendingReview(reviewer, ID)}/claim`;
    await step('post', '/v1/admin/reviews/{id}/claim', reviewer.client, claim);
    await step('delete', '/v1/admin/reviews/{id}/claim', reviewer.client, claim);
    await decideStep('approve', 'version');
    await versionStep('post', 'publish', 2);
    await versionStep('post', 'yank', 2, { reason: MARK });
    await versionStep('post', 'unyank', 2);
    const version = 'apps/{package_id}/versions/{version_code}';
    await adminStep('post', `${version}/yank`, `apps/${ID}/versions/2/yank`, { reason: MARK });
    await adminStep('post', `${version}/unyank`, `apps/${ID}/versions/2/unyank`);
    await step('patch', '/v1/apps/{package_id}', owner.client, APP, { name: `${MARK} 3` });
    await decideStep('reject', 'listing');
    await step('patch', '/v1/apps/{package_id}', owner.client, APP, { name: `${MARK} 4` });
    await decideStep('approve', 'listing');
    await step('post', '/v1/apps/{package_id}/withdraw', owner.client, `${APP}/withdraw`);
    await step('post', '/v1/apps/{package_id}/restore', owner.client, `${APP}/restore`);
    await adminStep('post', 'apps/{package_id}/suspend', `apps/${ID}/suspend`, { reason: MARK });
    await adminStep('post', 'apps/{package_id}/unsuspend', `apps/${ID}/unsuspend`);
    const other = { package_id: 'com.example.short.lived', name: MARK };
    await step('post', '/v1/apps', owner.client, '/v1/apps', other);
    await step('delete', '/v1/apps/{package_id}', owner.client, `/v1/apps/${other.package_id}`);
  });

  it('was walked: every mutating route of the reference', () => {
    const reference = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const mutating = Object.entries(reference.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => ['post', 'put', 'patch', 'delete'].includes(method))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(mutating.filter((route) => !walked.has(route) && !EXEMPT.includes(route))).toEqual([]);
  });

  it('leaves nothing personal in the audit log: no name, address or text that somebody wrote', () => {
    const log = JSON.stringify(rows(platform, 'SELECT * FROM audit_logs'));
    expect(scalar(platform, 'SELECT COUNT(*) FROM audit_logs')).toBeGreaterThan(40);
    expect(log.toLowerCase()).not.toContain(MARK.toLowerCase());
    expect(log).not.toMatch(/@|127\.0\.0\.1/);
  });
});
