import { createPublisher, createReviewer, expectStatus, publishVersion, type Publisher } from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { newApp } from './support/steps.js';

const character = (code: number) => String.fromCodePoint(code);
/** Characters that hide text, break lines where none may be, or turn the direction of what follows. */
const HIDDEN = [0x00, 0x07, 0x1b, 0x7f, 0x85, 0x200b, 0x200e, 0x200f, 0x2028, 0x202e, 0x2066, 0x2069, 0xfeff];

describe('texts of a listing', () => {
  let platform: TestPlatform;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    publisher = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const change = (body: Record<string, unknown>) => publisher.client.patch(`/v1/apps/${publisher.packageId}`, body);

  it('have no control, invisible or direction-changing characters', async () => {
    for (const code of HIDDEN) {
      const text = `before${character(code)}after`;
      for (const body of [{ name: text }, { description: text }, { category: text }, { tags: [text] }]) {
        const answer = await change(body);
        const [field] = Object.keys(body);
        expect([code, field, answer.status, answer.body.code]).toEqual([code, field, 422, 'validation-failed']);
        expect(answer.body.errors[0].pointer).toMatch(new RegExp(`^/${field}`));
      }
    }
    for (const body of [{ name: 'two\nlines' }, { category: 'two\nlines' }, { tags: ['two\tcolumns'] }])
      expect((await change(body)).status).toBe(422);
  });

  it('have no half of a surrogate pair', async () => {
    const raw = Buffer.from('{"name":"half \\ud83d"}');
    const answer = await publisher.client.patch(`/v1/apps/${publisher.packageId}`, raw, {
      'content-type': 'application/json',
    });
    expect(answer.status).toBe(422);
  });

  it.each([
    ['a name of 51 characters', { name: 'x'.repeat(51) }],
    ['an empty name', { name: '   ' }],
    ['a description of 10,001 characters', { description: 'x'.repeat(10_001) }],
    ['a category of 51 characters', { category: 'x'.repeat(51) }],
    ['eleven tags', { tags: Array.from({ length: 11 }, (_, index) => `tag ${index}`) }],
    ['a tag of 31 characters', { tags: ['x'.repeat(31)] }],
    ['an empty tag', { tags: [''] }],
    ['a name that is no text', { name: 5 }],
    ['a field that is not there', { status: 'published' }],
    ['a field that others set', { developer_name: 'Somebody famous' }],
  ])('are refused as %s', async (_, body) => {
    const answer = await change(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation-failed']);
  });

  it('are kept in one form: trimmed, NFC, LF, each tag once', async () => {
    const answer = await change({
      name: '  Cafe\u0301  ',
      description: 'one\r\ntwo\ttabbed\n',
      tags: ['News', 'news', ' Weather '],
    });
    expect(answer.body).toMatchObject({
      name: 'Café',
      description: 'one\ntwo\ttabbed',
      tags: ['news', 'Weather'],
    });
  });

  it('in any script and with any emoji are welcome', async () => {
    const name = 'Погода 天気 👩🏽‍🚀';
    expect((await change({ name })).body.name).toBe(name);
  });

  it('stay plain text: markup comes out as it went in, in JSON that nobody sniffs', async () => {
    const reviewer = await createReviewer(platform);
    const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>';
    const app = await newApp(publisher, { name: '<b>Bold</b>', description: evil, category: '"><svg>', tags: ['<i>'] });
    await publishVersion(app, reviewer);
    for (const url of [`/v1/store/apps/${app.packageId}`, `/v1/store/apps?q=${app.packageId}`]) {
      const answer = await platform.client().get(url);
      expectStatus(answer, 200);
      expect((answer.body.items?.[0] ?? answer.body).description).toBe(evil);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    }
    const categories = await platform.client().get('/v1/store/categories');
    expect(categories.body.items).toContainEqual({ name: '"><svg>', count: 1 });
  });

  it.each(['a.b.c', 'A1.b_2', `a.${'b'.repeat(253)}`])('may belong to the package id %s', async (package_id) => {
    expect((await publisher.client.post('/v1/apps', { package_id, name: 'x' })).status).toBe(201);
  });

  it.each([
    'single',
    '.a.b',
    'a..b',
    'a.b.',
    '1a.b',
    'a.1b',
    'a.b-c',
    'a.b c',
    'ä.b',
    'a._b',
    `a.${'b'.repeat(254)}`,
    '',
  ])('may not belong to the package id %j', async (package_id) => {
    const answer = await publisher.client.post('/v1/apps', { package_id, name: 'x' });
    expect([answer.status, answer.body.errors?.[0].pointer]).toEqual([422, '/package_id']);
  });
});
