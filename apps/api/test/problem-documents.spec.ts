import { JSON_LIMIT_BYTES } from '../src/http/body-parsers.js';
import { createPublisher, signUp, unique, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { expectProblem } from './support/problem.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a request that cannot be served is answered with a problem document', () => {
  let platform: TestPlatform;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    publisher = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const post = (body: string | Buffer, headers: Record<string, string> = JSON_TYPE, url = '/v1/apps') =>
    publisher.client.post(url, Buffer.from(body), headers);
  const app = (more: string) => `{"package_id":"com.example.${unique('never')}","name":"Never"${more}}`;

  describe('when its body cannot be read', () => {
    it.each([
      ['half a JSON', '{"name":'],
      ['no JSON', 'name=x'],
      ['nothing', ''],
      ['a comment', '{} // no'],
      ['bytes that are no UTF-8', Buffer.from('{"name":"\xff\xfe"}', 'latin1')],
      ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
      ['a key that reaches the prototype', app(',"__proto__":{"admin":true}')],
      ['an escaped key that reaches the prototype', app(',"__pr\\u006fto__":{"admin":true}')],
      ['a key that reaches the prototype by its constructor', app(',"x":{"constructor":{"prototype":{"admin":1}}}')],
      ['arrays in arrays in arrays', '['.repeat(100_000)],
      ['objects in objects in objects', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
    ])('because it is %s', async (_, body) => {
      const answer = await post(body);
      expectProblem(answer, 'body-unreadable');
      expect(answer.status).toBe(400);
      expectProblem(await post(body, { ...JSON_TYPE, 'idempotency-key': unique('key') }), 'body-unreadable');
    });

    it('and brackets in texts do not count as nesting', async () => {
      const answer = await post(app(`,"description":"${'[{\\"'.repeat(50)}"`));
      expect(answer.status).toBe(201);
    });
  });

  it.each([
    ['text', 'text/plain', 'x'],
    ['a form', 'application/x-www-form-urlencoded', 'name=x'],
    ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
    ['XML', 'application/xml', '<x/>'],
    ['no type that there is', 'nonsense', 'x'],
    ['bytes', 'application/octet-stream', '{}'],
    ['an image', 'image/png', 'png'],
    ['a large image', 'image/png', 'x'.repeat(900_000)],
  ])('when JSON is wanted and %s comes', async (_, type, body) => {
    const answer = await post(body, { 'content-type': type });
    expectProblem(answer, 'media-type-unsupported');
    expect(answer.status).toBe(415);
    expectProblem(await post(body, { 'content-type': type }, '/v1/auth/login'), 'media-type-unsupported');
  });

  it.each([
    ['/v1/apps/{app}/versions', 'POST', JSON_TYPE],
    ['/v1/apps/{app}/icon', 'PUT', JSON_TYPE],
    ['/v1/apps/{app}/icon', 'PUT', { 'content-type': 'application/octet-stream' }],
  ] as const)('when %s gets another type than its own', async (url, method, type) => {
    const path = url.replace('{app}', publisher.packageId);
    expectProblem(await publisher.client.send(method, path, Buffer.from('{}'), type), 'media-type-unsupported');
  });

  it('when its body is too large, whether it says so or not', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(JSON_LIMIT_BYTES) });
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'transfer-encoding': 'chunked' }]) {
      const answer = await post(large, headers);
      expectProblem(answer, 'body-too-large');
      expect(answer.status).toBe(413);
    }
    const icon = `/v1/apps/${publisher.packageId}/icon`;
    const image = await publisher.client.put(icon, Buffer.alloc(1024 * 1024 + 1), { 'content-type': 'image/png' });
    expectProblem(image, 'body-too-large');
  });

  it.each([
    ['GET', '/nothing'],
    ['GET', '/v1/apps/'],
    ['GET', '/v1//apps'],
    ['GET', '/V1/me'],
    ['DELETE', '/v1/auth/login'],
    ['PUT', '/v1/me'],
    ['OPTIONS', '/v1/me'],
    ['GET', '/docs/ui/nothing.js'],
    ['GET', '/docs/ui/index.html'],
    ['GET', '/admin/assets/../../package.json'],
  ] as const)('when there is no route for %s %s', async (method, url) => {
    const answer = await publisher.client.send(method, url);
    expectProblem(answer, 'route-not-found');
    expect(answer.status).toBe(404);
  });

  it.each([
    ['/v1/apps/%ZZ', 'request-invalid', 400],
    ['/v1/apps/%', 'request-invalid', 400],
    ['/v1/store/apps/%ff', 'request-invalid', 400],
    [`/v1/store/apps/${'a'.repeat(2000)}`, 'url-too-long', 414],
  ] as const)('when its address is unreadable (%#)', async (url, code, status) => {
    const answer = await platform.client().get(url);
    expectProblem(answer, code);
    expect(answer.status).toBe(status);
    expect((await platform.client().send('HEAD', url)).bytes.length).toBe(0);
  });

  it.each([
    ['/v1/apps/%00', 404],
    ['/v1/store/apps/com.example.%00', 404],
    ['/v1/store/packages/%00', 404],
    ['/v1/store/apps?q=%00%ff%ZZ', 200],
    ['/v1/apps/com.example.x/versions/1e3', 404],
    ['/v1/apps/com.example.x/versions/99999999999999999999', 404],
    ['/v1/apps/com.example.x/versions/-1', 404],
  ])('or with what is there, when its address is odd: %s', async (url, status) => {
    const answer = await publisher.client.get(url);
    expect(answer.status).toBe(status);
    if (status === 404) expectProblem(answer, 'not-found');
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=101', '/limit'],
    ['limit=ten', '/limit'],
    ['limit=1.5', '/limit'],
    ['limit=1e400', '/limit'],
    ['limit=', '/limit'],
    ['limit=5&limit=6', '/limit'],
    ['page=2', '/page'],
    ['constructor=1', '/constructor'],
    ['prototype=1', '/prototype'],
    ['__proto__=1', '/__proto__'],
    [`cursor=${'a'.repeat(1001)}`, '/cursor'],
  ])('when its query is wrong: %s', async (query, pointer) => {
    for (const url of ['/v1/apps', '/v1/store/apps', '/v1/api-keys', '/v1/signing-keys']) {
      const answer = await publisher.client.get(`${url}?${query}`);
      expectProblem(answer, 'validation-failed');
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].pointer).toBe(pointer);
    }
  });

  it('when its cursor is none of ours', async () => {
    const pack = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const cursors = ['x', '%00', pack(null), pack([]), pack([1, 2, 3, 4, 5]), pack({}), pack([{}, {}]), 'eyJ'];
    for (const url of ['/v1/apps', '/v1/store/apps', '/v1/api-keys', '/v1/signing-keys'])
      for (const cursor of cursors) {
        const answer = await publisher.client.get(`${url}?cursor=${cursor}`);
        expectProblem(answer, 'cursor-invalid');
        expect(answer.status).toBe(400);
      }
  });

  it.each([
    ['a key that is not known', ',"rating":5', '/rating', 'unknown-key'],
    ['a key with a slash', ',"a/b~c":5', '/a~1b~0c', 'unknown-key'],
    ['the key constructor', ',"constructor":5', '/constructor', 'unknown-key'],
    ['the key prototype', ',"prototype":5', '/prototype', 'unknown-key'],
    ['a number for a text', ',"description":5', '/description', 'invalid-type'],
    ['a number beyond all numbers', ',"description":1e999', '/description', 'invalid-type'],
    ['NUL in a text', ',"category":"a\\u0000b"', '/category', 'custom'],
    ['half a surrogate pair', ',"category":"\\ud800"', '/category', 'custom'],
    ['a change of direction', ',"description":"a\\u202eb"', '/description', 'custom'],
    ['text in tags', ',"description":"a\\udb40\\udc61"', '/description', 'custom'],
    ['too many tags', `,"tags":[${Array.from({ length: 11 }, (_, i) => `"t${i}"`).join()}]`, '/tags', 'too-big'],
    ['a wrong tag', ',"tags":["ok",""]', '/tags/1', 'too-small'],
  ])('when its body is readable but wrong: %s', async (_, more, pointer, code) => {
    const answer = await post(app(more));
    expectProblem(answer, 'validation-failed');
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
  });

  it('that names every wrong part at once, but no more than fifty', async () => {
    const two = await publisher.client.post('/v1/apps', { package_id: 'x', name: '' });
    expect(two.body.errors.map((part: { pointer: string }) => part.pointer)).toEqual(['/package_id', '/name']);
    const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]));
    expect((await publisher.client.post('/v1/apps', keys)).body.errors.length).toBe(50);
  });

  it('when a body is wanted and none comes', async () => {
    expectProblem(await platform.client().post('/v1/auth/login'), 'body-unreadable');
    expectProblem(await publisher.client.post('/v1/apps'), 'body-unreadable');
  });

  describe('when it brings a body to a route that takes none, which would be lost', () => {
    const url = () => `/v1/apps/${publisher.packageId}/versions/1/submit`;

    it('whose every member is named', async () => {
      const answer = await publisher.client.post(url(), { release_notes: 'New.', 'a/b': 1 });
      expectProblem(answer, 'validation-failed');
      expect(answer.body.errors).toMatchObject([
        { pointer: '/release_notes', code: 'unknown-key' },
        { pointer: '/a~1b', code: 'unknown-key' },
      ]);
    });

    it.each([
      ['a list', '[]'],
      ['a text', '"now"'],
      ['a number', '0'],
    ])('whether it is %s', async (_, body) => {
      const answer = await post(body, JSON_TYPE, url());
      expectProblem(answer, 'validation-failed');
      expect(answer.body.errors).toMatchObject([{ pointer: '', code: 'unknown-key' }]);
    });

    it('or bytes', async () => {
      expectProblem(await post('PK', { 'content-type': 'application/octet-stream' }, url()), 'validation-failed');
    });

    it('but nothing, null and an empty object are as good as none', async () => {
      for (const body of ['', 'null', '{}']) expectProblem(await post(body, JSON_TYPE, url()), 'not-found');
      expectProblem(await publisher.client.post(url()), 'not-found');
    });

    it('after who sent it is known', async () => {
      expectProblem(await platform.client().post(url(), { release_notes: 'New.' }), 'credential-missing');
    });
  });

  it('of which HEAD shows the headers only', async () => {
    const answer = await (await signUp(platform)).client.send('HEAD', `/v1/apps/${publisher.packageId}`);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.bytes.length).toBe(0);
  });

  it('and a 401 says how to prove who one is', async () => {
    const answer = await platform.client().get('/v1/me');
    expectProblem(answer, 'credential-missing');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });
});
