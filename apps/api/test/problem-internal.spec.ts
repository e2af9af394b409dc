import fc from 'fast-check';
import { PERMISSIONS } from '../src/access/permissions.js';
import { addApiKey, createAdmin, createPublisher, signUp, type Person, type Publisher } from './support/actors.js';
import { scalar } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { describeProblemFault, expectProblem } from './support/problem.js';
import { ROUTES } from './support/route-table.js';

describe('a failure of our own', () => {
  let platform: TestPlatform;
  let person: Person;
  beforeEach(async () => {
    platform = await TestPlatform.start();
    person = await signUp(platform);
  });
  afterEach(() => platform.stop());

  it('says nothing of the inside, and stands in the log once, under the id that was answered', async () => {
    platform.db.rawWriter.exec('PRAGMA foreign_keys = OFF; DROP TABLE signing_keys');
    const answer = await person.client.get('/v1/signing-keys');
    expectProblem(answer, 'internal-error');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toMatch(/sql|table|signing_keys|node_modules|\.ts|\.js/i);
    const lines = platform.log
      .split('\n')
      .filter((line) => line.includes('"level":"error"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      {
        'http.request_id': answer.body.request_id,
        err: { message: expect.stringContaining('signing_keys') as string },
      },
    ]);
    expect((await person.client.get('/v1/me')).status).toBe(200);
  });

  it('undoes what was begun', async () => {
    platform.db.rawWriter.exec('DROP TABLE jobs');
    const body = { email: 'a@example.com', name: 'A', password: 'a good password' };
    expectProblem(await platform.client().post('/v1/auth/register', body), 'internal-error');
    expect(scalar(platform, 'SELECT COUNT(*) FROM developers WHERE email = ?', body.email)).toBe(0);
    expect(scalar(platform, `SELECT COUNT(*) FROM audit_logs WHERE action = 'developer.registered'`)).toBe(1);
  });
});

describe('whatever is sent to whatever route', () => {
  let platform: TestPlatform;
  let publisher: Publisher;
  let clients: Record<string, Person['client']>;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    publisher = await createPublisher(platform);
    clients = {
      nobody: platform.client(),
      owner: publisher.client,
      admin: (await createAdmin(platform)).client,
      key: platform.client().withKey(await addApiKey(publisher, [...PERMISSIONS])),
    };
  });
  afterAll(() => platform.stop());

  const word = fc.constantFrom(
    ...'name email password token permissions public_key description tags category reason decision notes role'.split(
      ' ',
    ),
    ...'package_id version_code installed mosis_version release_notes verified expires_at app_package_ids'.split(' '),
    ...'__proto__ constructor prototype toString length then toJSON'.split(' '),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom<unknown>(
      '',
      '\u0000',
      '\ud800',
      '../..',
      "'; DROP TABLE apps; --",
      'NaN',
      'a@b.co',
      'com.example.app1',
    ),
    fc.constantFrom<unknown>(0, -1, 1e308, 2 ** 53, 0.1, null, true, '2030-01-01T00:00:00Z', 'approve', 'apps:read'),
  );
  const json = fc.letrec((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, value, fc.array(tie('node')), fc.dictionary(word, tie('node'))),
  })).node;
  const body = fc.oneof(
    fc.dictionary(word, json),
    json,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  const segment = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('1', '0', '-1', '1e9', '%00', '..', '.', 'com.example.app', '0'.repeat(64), '\u0000'),
  );
  const query = fc.dictionary(
    fc.constantFrom('limit', 'cursor', 'q', 'sort', 'status', 'kind', 'role', 'tag', 'action', 'from', '__proto__'),
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('1', '"', 'a*', 'NEAR(a', 'pending', 'relevance'),
    ),
    { maxKeys: 3 },
  );
  // Uploads that are no packages cost a verifier each; they have tests of their own.
  const routes = ROUTES.filter(
    ({ route }) => !/^DELETE \/v1\/me|logout|POST \/v1\/apps\/:package_id\/versions$/.test(route),
  );

  it('is answered below 500, and every refusal is a problem document', async () => {
    const request = fc.record({
      route: fc.constantFrom(...routes.map((row) => row.route)),
      who: fc.constantFrom('nobody', 'owner', 'admin', 'key'),
      segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
      own: fc.boolean(),
      query,
      body,
      type: fc.constantFrom(
        'application/json',
        'application/json',
        'image/png',
        'application/octet-stream',
        'text/plain',
      ),
      idempotencyKey: fc.option(fc.string({ minLength: 1, maxLength: 300 })),
    });
    await fc.assert(
      fc.asyncProperty(request, async (sent) => {
        const [method = '', pattern = ''] = sent.route.split(' ');
        const segments = [...sent.segments];
        const path = pattern.replace(/:package_id|:\w+|\*/g, (name) =>
          name === ':package_id' && sent.own
            ? publisher.packageId
            : encodeURIComponent((segments.pop() ?? 'x').toWellFormed()),
        );
        const search = Object.entries(sent.query).map((pair) =>
          pair.map((part) => encodeURIComponent(part.toWellFormed())).join('='),
        );
        const bytes = Buffer.isBuffer(sent.body) ? sent.body : Buffer.from(JSON.stringify(sent.body));
        const headers: Record<string, string> = { 'content-type': sent.type };
        if (sent.idempotencyKey !== null)
          headers['idempotency-key'] = sent.idempotencyKey.replaceAll(/[^\x20-\xff]/g, '?');
        const answer = await clients[sent.who]?.send(
          method as 'GET',
          `${path}?${search.join('&')}`,
          method === 'GET' ? undefined : bytes,
          method === 'GET' ? {} : headers,
        );
        if (!answer || answer.status >= 500) throw new Error(`${answer?.status}: ${JSON.stringify(answer?.body)}`);
        const fault = answer.status >= 400 ? describeProblemFault(answer) : undefined;
        if (fault) throw new Error(`${answer.status} ${fault}: ${String(answer.body)}`);
      }),
      { numRuns: 800 },
    );
    expect(platform.log).not.toContain('"level":"error"');
  });
});
