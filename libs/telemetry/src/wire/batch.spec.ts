import { createHash } from 'node:crypto';
import { DEFAULT_WIRE_LIMITS, parseBatch } from './index.js';
import { batchWith, eventWith, parse, problemOf, RECEIVED_MS } from './testing.js';

/** The pointers and codes of what is wrong with a batch. */
function errorsOf(body: unknown): string[] {
  const { status, code, detail, errors } = problemOf(() => parse(body));
  expect([status, code]).toEqual([422, 'validation-failed']);
  expect(detail.length).toBeLessThan(300);
  return errors!.map((error) => `${error.pointer} ${error.code}`);
}

describe('a batch', () => {
  it('is read into what is stored', () => {
    const body = batchWith({
      context: { os: 'Mosis 3', device_model: 'Väster 4', country: 'de', locale: 'de-DE' },
      dropped: { queue_full: 3, constructor: 0 },
    });
    const { events, rejected, ...head } = parse(body);
    expect(head).toEqual({
      batchId: Buffer.from('0f6f4f9e3a524b0a9d586a2b7a1f9c11', 'hex'),
      batchIdText: '0f6f4f9e-3a52-4b0a-9d58-6a2b7a1f9c11',
      bodyHash: createHash('blake2b512').update(JSON.stringify(body)).digest().subarray(0, 16),
      appId: 'com.dev.app',
      appVersion: '1.2.0',
      mosisVersion: '1.0.0',
      deviceId: 'device-1',
      sessionId: Buffer.from('7b0a1c5291de4f0a8d530c3c8e1f2a99', 'hex'),
      sessionIdText: '7b0a1c52-91de-4f0a-8d53-0c3c8e1f2a99',
      os: 'Mosis 3',
      deviceModel: 'Väster 4',
      country: 'DE',
      locale: 'de-DE',
      dropped: { queue_full: 3, constructor: 0 },
      clockOffsetMs: 0,
      sentEventCount: 1,
    });
    expect(events).toEqual([
      { index: 0, type: 'screen_view', timeMs: RECEIVED_MS - 60_000, flags: 0, data: '{"screen_name":"home"}' },
    ]);
    expect(rejected).toEqual([]);
  });

  it('may leave out context and dropped, and anything within context', () => {
    const none = { os: null, deviceModel: null, country: null, locale: null };
    expect(parse(batchWith())).toMatchObject({ ...none, dropped: {} });
    expect(parse(batchWith({ context: {}, dropped: {} }))).toMatchObject({ ...none, dropped: {} });
    expect(parse(batchWith({ context: { os: 'x' } }))).toMatchObject({ ...none, os: 'x' });
  });

  it('names every field that is missing', () => {
    expect(errorsOf({})).toEqual(
      ['events', 'batch_id', 'session_id', 'app_id', 'app_version', 'mosis_version', 'device_id'].map(
        (field) => `/${field} missing`,
      ),
    );
  });

  it.each([['null'], ['[]'], ['"text"'], ['1'], ['true'], ['NaN']])('that is %s has the wrong type', (body) => {
    expect(errorsOf(body)).toEqual([' invalid-type']);
  });

  it.each([
    [{ extra: 1 }, '/extra unknown-key'],
    [{ 'a/b~c': 1 }, '/a~1b~0c unknown-key'],
    [{ batch_id: '0f6f4f9e3a524b0a9d586a2b7a1f9c11' }, '/batch_id invalid-uuid'],
    [{ batch_id: ' 0f6f4f9e-3a52-4b0a-9d58-6a2b7a1f9c11' }, '/batch_id invalid-uuid'],
    [{ batch_id: 7 }, '/batch_id invalid-uuid'],
    [{ session_id: 'g'.repeat(36) }, '/session_id invalid-uuid'],
    [{ app_id: '' }, '/app_id too-short'],
    [{ app_version: '' }, '/app_version too-short'],
    [{ app_version: 1.2 }, '/app_version invalid-type'],
    [{ app_version: 'x'.repeat(51) }, '/app_version too-long'],
    [{ mosis_version: 'x'.repeat(51) }, '/mosis_version too-long'],
    [{ device_id: 'x'.repeat(129) }, '/device_id too-long'],
    [{ device_id: 'a\0' }, '/device_id text-not-well-formed'],
    [{ device_id: '\ud800' }, '/device_id text-not-well-formed'],
    [{ device_id: null }, '/device_id invalid-type'],
    [{ context: null }, '/context invalid-type'],
    [{ context: [] }, '/context invalid-type'],
    [{ context: { ip: '::1' } }, '/context/ip unknown-key'],
    [{ context: { os: 'x'.repeat(101) } }, '/context/os too-long'],
    [{ context: { device_model: 'a\nb' } }, '/context/device_model text-not-well-formed'],
    [{ context: { locale: 'x'.repeat(36) } }, '/context/locale too-long'],
    [{ context: { country: 'DEU' } }, '/context/country invalid-country'],
    [{ context: { country: '' } }, '/context/country invalid-country'],
    [{ context: { country: 'D1' } }, '/context/country invalid-country'],
    [{ context: { country: 'ſs' } }, '/context/country invalid-country'],
    [{ dropped: [] }, '/dropped invalid-type'],
    [{ dropped: { 'Queue full': 1 } }, '/dropped/Queue full invalid-reason'],
    [{ dropped: { a: -1 } }, '/dropped/a invalid-count'],
    [{ dropped: { a: 1.5 } }, '/dropped/a invalid-count'],
    [{ dropped: { a: '1' } }, '/dropped/a invalid-count'],
    [{ dropped: { a: 2 ** 53 } }, '/dropped/a invalid-count'],
    [{ dropped: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`r${i}`, 1])) }, '/dropped too-many'],
    [{ events: {} }, '/events invalid-type'],
    [{ events: [] }, '/events too-short'],
  ])('with %j is refused', (change, error) => {
    expect(errorsOf(batchWith(change))).toEqual([error]);
  });

  it('takes each field at its longest', () => {
    const change = {
      app_version: 'x'.repeat(50),
      mosis_version: 'x'.repeat(50),
      device_id: 'é'.repeat(128),
      context: { os: 'x'.repeat(100), device_model: 'x'.repeat(100), country: 'XK', locale: 'x'.repeat(35) },
      dropped: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${'r'.repeat(58)}${10 + i}`, 2 ** 53 - 1])),
    };
    expect(parse(batchWith(change)).events).toHaveLength(1);
  });

  it('refuses its own prototype as an unknown key', () => {
    expect(errorsOf(JSON.stringify(batchWith()).replace('{', '{"__proto__":{"app_id":"x"},'))).toEqual([
      '/__proto__ unknown-key',
    ]);
    expect(errorsOf(JSON.stringify(batchWith({ dropped: { a: 1 } })).replace('"a":1', '"__proto__":1'))).toEqual([
      '/dropped/__proto__ invalid-reason',
    ]);
  });

  it('has at most 500 events', () => {
    const events = Array<unknown>(501).fill(eventWith());
    expect(parse(batchWith({ events: events.slice(1) })).events).toHaveLength(500);
    expect(problemOf(() => parse(batchWith({ events })))).toMatchObject({ status: 422, code: 'too-many-events' });
  });

  it('lists at most 20 errors', () => {
    const unknown = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 1]));
    expect(errorsOf({ ...unknown, context: unknown })).toHaveLength(20);
  });

  it('has the same hash when it is sent again, and another when one byte differs', () => {
    const text = JSON.stringify(batchWith());
    expect(parse(text, '2026-11-20T10:29:58Z').bodyHash).toEqual(parse(text, '2026-11-20T09:00:00Z').bodyHash);
    expect(parse(`${text} `).bodyHash).not.toEqual(parse(text).bodyHash);
  });

  it.each([
    '',
    ' ',
    '{',
    '{}{}',
    "{'a':1}",
    '{"a":undefined}',
    '{"a":nan}',
    '{"a":NaN,}',
    '{NaN:1}',
    '{"a":"\n"}',
    '\ufeff{}',
    'NaN NaN',
    '{"a":1NaN}',
  ])('that reads %j is not readable', (text) => {
    expect(problemOf(() => parse(text))).toMatchObject({ status: 400, code: 'body-unreadable' });
  });

  it('is UTF-8', () => {
    const text = JSON.stringify(batchWith({ device_id: '@' }));
    for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const body = Buffer.concat([
        Buffer.from(text.split('@')[0]!),
        Buffer.from(bytes),
        Buffer.from(text.split('@')[1]!),
      ]);
      const read = () => parseBatch(body, { receivedMs: RECEIVED_MS, sentAt: undefined }, DEFAULT_WIRE_LIMITS);
      expect(problemOf(read)).toMatchObject({ status: 400, code: 'body-unreadable' });
    }
  });

  it('keeps its good events when others hold NaN or Infinity', () => {
    const text = JSON.stringify(
      batchWith({ events: [1, 2, 3, 4].map((fps) => eventWith({ data: { fps, note: 'NaN' } })) }),
    );
    const { events, rejected } = parse(text.replace('"fps":2', '"fps": NaN').replace('"fps":4', '"fps":-Infinity'));
    expect(events.map(({ index, data }) => [index, data])).toEqual([
      [0, '{"fps":1,"note":"NaN"}'],
      [2, '{"fps":3,"note":"NaN"}'],
    ]);
    expect(rejected.map(({ index, code }) => [index, code])).toEqual([
      [1, 'number-not-finite'],
      [3, 'number-not-finite'],
    ]);
    expect(rejected[1]!.sample).toBe(
      '{"type":"screen_view","timestamp":"2026-11-20T10:29:00Z","data":{"fps":-1e999,"note":"NaN"}}',
    );
  });
});
