import fc from 'fast-check';
import { pruneExcess, mayHaveExcessKeys, MAX_KEYS_READ } from './prune.js';
import { batchWith, eventWith, parse, problemOf } from './testing.js';

const KEYS = 90_000;
const distinct = (index: number): string => `"k${index.toString(36)}"`;
const list = (length: number, item: (index: number) => string): string =>
  Array.from({ length }, (_, i) => item(i)).join();

/** A batch of 500 events of which the middle ones are `hostile`. */
function amid(hostile: string[]): string {
  const events = Array.from({ length: 500 - hostile.length }, () => '0');
  events.splice(100, 0, ...hostile);
  const good = JSON.stringify(eventWith());
  return JSON.stringify(batchWith({ events: '@' })).replace(
    '"@"',
    () => `[${events.map((e) => (e === '0' ? good : e)).join()}]`,
  );
}

const data = (inside: string): string => `{"type":"a","timestamp":"2026-11-20T10:29:00Z","data":${inside}}`;

describe('an upload of distinct keys, which JSON.parse takes most of a second for', () => {
  const hostile: [string, string[], string][] = [
    ['in data', [data(`{${list(KEYS, (i) => `${distinct(i)}:1`)}}`)], 'data-too-many-keys'],
    ['in an event', [`{${list(KEYS, (i) => `${distinct(i)}:1`)}}`], 'unknown-field'],
    ['in objects in data', [data(`{"x":[${list(KEYS, (i) => `{${distinct(i)}:1}`)}]}`)], 'data-not-scalar'],
    [
      'one in the other',
      [data(`${list(KEYS, (i) => `{${distinct(i)}:`).replaceAll(',', '')}1${'}'.repeat(KEYS)}`)],
      'data-not-scalar',
    ],
    [
      'over many events',
      Array.from({ length: 300 }, (_, e) => data(`{${list(KEYS / 300, (i) => `${distinct(e * 300 + i)}:1`)}}`)),
      'data-too-many-keys',
    ],
  ];

  it.each(hostile)('%s is read with a bounded number of them, and keeps the other events', (_, events, code) => {
    const text = amid(events);
    expect(mayHaveExcessKeys(Buffer.from(text))).toBe(true);
    expect(pruneExcess(text).match(/":/g)?.length).toBeLessThanOrEqual(MAX_KEYS_READ);
    const batch = parse(text);
    expect(batch.events).toHaveLength(500 - events.length);
    expect(batch.events.every((event) => event.data === '{"screen_name":"home"}')).toBe(true);
    expect(batch.rejected.map((rejection) => rejection.code)).toEqual(events.map(() => code));
    expect(batch.rejected[0]?.index).toBe(100);
  });

  it('beside or instead of events is refused with a bounded number of them', () => {
    const objects = `[${list(KEYS, (i) => `{${distinct(i)}:1}`)}]`;
    const lists = `{${list(40, (l) => `${distinct(l)}:[${list(500, (i) => `{${distinct(l * 500 + i)}:1,"b":2,"c":3}`)}]`)}}`;
    for (const text of [objects, lists, JSON.stringify(batchWith({ events: '@' })).replace('"@"', () => objects)]) {
      expect(pruneExcess(text).match(/":/g)?.length).toBeLessThanOrEqual(MAX_KEYS_READ + 100);
      expect(problemOf(() => parse(text)).status).toBe(422);
    }
  });
});

describe('what is taken out of a JSON text', () => {
  it('is nothing of a batch that can be accepted, whatever its texts hold', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"}],:{[\\', '\\"'),
      fc.double(),
      fc.boolean(),
    );
    const events = fc.array(
      fc.record({ type: fc.string(), data: fc.dictionary(fc.string(), value, { maxKeys: 10 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(events, (some) => {
        const text = JSON.stringify(batchWith({ events: some }));
        expect(pruneExcess(text)).toBe(text);
      }),
      { numRuns: 20 },
    );
  });

  it('makes no JSON of what was none', () => {
    for (const text of ['', '{', '[[[[[[[', '[[[[[1', '}', ']{', '"', '"\\', `{"a":[[[[[1]]]]]`]) {
      expect(() => void JSON.parse(pruneExcess(text))).toThrow(SyntaxError);
    }
  });
});
