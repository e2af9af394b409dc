import { batchWith, eventWith, parse } from './testing.js';

/** What becomes of one event between two good ones: its code, or its data as stored. */
function outcomeOf(event: unknown): string | null {
  return outcomeOfText(JSON.stringify(event));
}

function outcomeOfText(eventText: string): string | null {
  const body = JSON.stringify(batchWith({ events: [eventWith(), '@', eventWith()] })).replace('"@"', () => eventText);
  const { events, rejected } = parse(body);
  const [refused] = rejected;
  if (refused) {
    expect(rejected).toHaveLength(1);
    expect(refused.index).toBe(1);
    expect(refused.sample.length).toBeLessThanOrEqual(512);
    expect(refused.detail.length).toBeLessThan(300);
    expect(events.map(({ index }) => index)).toEqual([0, 2]);
    return refused.code;
  }
  expect(events.map(({ index }) => index)).toEqual([0, 1, 2]);
  return events[1]!.data;
}

const withData = (dataText: string) =>
  outcomeOfText(`{"type":"screen_view","timestamp":"2026-11-20T10:29:00Z","data":${dataText}}`);

describe('an event', () => {
  it.each([[null], [1], ['text'], [true], [[]], [[eventWith()]]])('that is %j is an invalid-event', (event) => {
    expect(outcomeOf(event)).toBe('invalid-event');
  });

  it('has no fields but type, timestamp and data', () => {
    expect(outcomeOf(eventWith({ Type: 'x' }))).toBe('unknown-field');
    expect(outcomeOf(eventWith({ ['x'.repeat(5000)]: 1 }))).toBe('unknown-field');
    expect(outcomeOfText('{"type":"a","timestamp":"2026-11-20T10:29:00Z","__proto__":{"data":1}}')).toBe(
      'unknown-field',
    );
  });

  it.each([undefined, null, 1, '', 'Screen', '1st', '_x', 'a-b', 'a b', 'é', 'a\n', 'a'.repeat(61)])(
    'of type %j is an invalid-type',
    (type) => {
      expect(outcomeOf(eventWith({ type }))).toBe('invalid-type');
    },
  );

  it('may have any name of the platform or its own', () => {
    for (const type of ['a', 'app_start', 'level_2_done', 'a'.repeat(60)]) {
      expect(outcomeOf(eventWith({ type, data: undefined }))).toBeNull();
    }
  });

  it.each([undefined, null, 1_763_634_600, '', 'yesterday', '2026-11-20T10:30:00', '2026-02-30T10:30:00Z'])(
    'at %j has an invalid-timestamp',
    (timestamp) => {
      expect(outcomeOf(eventWith({ timestamp }))).toBe('invalid-timestamp');
    },
  );
});

describe('the data of an event', () => {
  it('is stored as compact JSON, and as nothing when there is nothing in it', () => {
    expect(outcomeOf(eventWith({ data: undefined }))).toBeNull();
    expect(withData('{ }')).toBeNull();
    expect(withData('{ "a" : "Gr\\u00fc\\u00dfe", "b": -1.50, "c": true, "d": null }')).toBe(
      '{"a":"Grüße","b":-1.5,"c":true,"d":null}',
    );
    expect(withData('{"a":1,"a":2}')).toBe('{"a":2}');
  });

  it.each(['null', '1', '"text"', 'true', '[]', '[1]'])('that is %s is data-not-an-object', (data) => {
    expect(withData(data)).toBe('data-not-an-object');
  });

  it.each(['{"a":{}}', '{"a":[]}', '{"a":1,"b":[1]}', '{"__proto__":{}}'])('%s is data-not-scalar', (data) => {
    expect(withData(data)).toBe('data-not-scalar');
  });

  it('has at most 50 keys of 1 to 60 characters', () => {
    const keys = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
    expect(withData(keys(50))).toBe(keys(50));
    expect(withData(keys(51))).toBe('data-too-many-keys');
    expect(withData('{"":1}')).toBe('invalid-data-key');
    expect(withData(`{"${'k'.repeat(60)}":1}`)).toBe(`{"${'k'.repeat(60)}":1}`);
    expect(withData(`{"${'k'.repeat(61)}":1}`)).toBe('invalid-data-key');
  });

  it('has at most 4096 bytes of UTF-8 as it is stored, whatever it took on the wire', () => {
    const room = 4096 - '{"a":""}'.length;
    expect(withData(`{"a":"${'x'.repeat(room)}"}`)).toHaveLength(4096);
    expect(withData(`{"a":"${'x'.repeat(room + 1)}"}`)).toBe('data-too-large');
    expect(withData(`{"a":"${'é'.repeat(room / 2)}"}`)).toHaveLength(room / 2 + 8);
    expect(withData(`{"a":"${'é'.repeat(room / 2)}x"}`)).toBe('data-too-large');
    expect(withData(`{"a":"${'\\u00e9'.repeat(room / 2)}"}`)).toHaveLength(room / 2 + 8);
    expect(withData(`{${' '.repeat(5000)}"a":1}`)).toBe('{"a":1}');
  });

  it.each([
    '{"a":"\\ud800"}',
    '{"a":"x\\udc00y"}',
    '{"a":"\\udc00\\ud800"}',
    '{"a":"\\u0000"}',
    '{"\\uD800":1}',
    '{"a\\u0000":1}',
  ])('%s is text-not-well-formed', (data) => {
    expect(withData(data)).toBe('text-not-well-formed');
  });

  it('keeps whole surrogate pairs, other control characters and a backslash before a u', () => {
    expect(withData('{"a":"\\ud83d\\ude00"}')).toBe('{"a":"😀"}');
    expect(withData('{"a":"\\u0001\\n"}')).toBe('{"a":"\\u0001\\n"}');
    expect(withData('{"a":"\\\\ud800"}')).toBe('{"a":"\\\\ud800"}');
  });

  it.each(['1e999', '-1e999', 'NaN', 'Infinity', '-Infinity', ' NaN '])('%s is number-not-finite', (number) => {
    expect(withData(`{"a":${number}}`)).toBe('number-not-finite');
  });

  it.each(['9007199254740992', '-9007199254740992', '9223372036854775808', '1e16', '1.0e300', '9007199254740993.5'])(
    '%s is number-out-of-range',
    (number) => {
      expect(withData(`{"a":${number}}`)).toBe('number-out-of-range');
    },
  );

  it('keeps the largest numbers that are exact', () => {
    expect(withData('{"a":9007199254740991,"b":-9007199254740991,"c":5e-324}')).toBe(
      '{"a":9007199254740991,"b":-9007199254740991,"c":5e-324}',
    );
  });

  it('may use names that mean something to JavaScript', () => {
    const data = '{"__proto__":1,"constructor":2,"toJSON":3,"hasOwnProperty":4,"toString":5}';
    expect(withData(data)).toBe(data);
    expect(Object.prototype).not.toHaveProperty('toJSON');
  });
});
