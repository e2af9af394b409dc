import fc from 'fast-check';
import { DEFAULT_WIRE_LIMITS, parseBatch, UploadError } from './index.js';
import { batchWith, eventWith, parse, problemOf, RECEIVED_MS } from './testing.js';

const MIB = 1024 * 1024;

/** The text of a batch of three events, the second of which is `eventText`. */
function amongOthers(eventText: string): string {
  return JSON.stringify(batchWith({ events: [eventWith(), '@', eventWith()] })).replace('"@"', () => eventText);
}

describe('a hostile upload', () => {
  it('of a megabyte of brackets is not readable', () => {
    for (const text of ['['.repeat(MIB), '{"a":'.repeat(MIB / 5), '[NaN,'.repeat(MIB / 5)]) {
      expect(problemOf(() => parse(text))).toMatchObject({ status: 400, code: 'body-unreadable' });
    }
    expect(problemOf(() => parse('['.repeat(MIB / 2) + ']'.repeat(MIB / 2)))).toMatchObject({ status: 422 });
  });

  it('of a megabyte is told from JSON in little time, since a kilobyte of gzip can bring it', () => {
    const costs = [' '.repeat(MIB), '[,'.repeat(MIB / 2), `1NaN${'[,'.repeat(MIB / 2 - 2)}`].map((text) => {
      const times = Array.from({ length: 5 }, () => {
        const startedAtMs = performance.now();
        problemOf(() => parse(text));
        return performance.now() - startedAtMs;
      });
      return Math.min(...times);
    });
    // They take some milliseconds each; a search for every token at every place took two hundred.
    expect(Math.max(...costs)).toBeLessThan(60);
  });

  it('with an event nested a hundred thousand deep keeps the others', () => {
    const deep = 100_000;
    for (const [eventText, code] of [
      ['['.repeat(deep) + ']'.repeat(deep), 'invalid-event'],
      ['{"data":'.repeat(deep) + '1' + '}'.repeat(deep), 'invalid-type'],
      [
        `{"type":"a","timestamp":"2026-11-20T10:29:00Z","data":{"x":${'['.repeat(deep)}${']'.repeat(deep)}}}`,
        'data-not-scalar',
      ],
      [`{"type":"a","timestamp":"2026-11-20T10:29:00Z","x":${'['.repeat(deep)}${']'.repeat(deep)}}`, 'unknown-field'],
    ] as const) {
      const { events, rejected } = parse(amongOthers(eventText));
      expect(events).toHaveLength(2);
      expect(rejected).toMatchObject([{ index: 1, code }]);
      expect(rejected[0]!.sample.length).toBeLessThanOrEqual(512);
    }
  });

  it('with a hundred thousand keys gets a short answer', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `"${i.toString(36)}":0`).join();
    const { events, rejected } = parse(amongOthers(`{"type":"a","timestamp":"2026-11-20T10:29:00Z","data":{${keys}}}`));
    expect(events).toHaveLength(2);
    expect(rejected).toMatchObject([{ code: 'data-too-many-keys' }]);
    expect(parse(amongOthers(`{${keys}}`)).rejected).toMatchObject([{ code: 'unknown-field' }]);
    expect(problemOf(() => parse(`{${keys}}`)).errors).toHaveLength(20);
    expect(
      problemOf(() => parse(batchWith({ dropped: JSON.parse(`{${keys}}`) as unknown }))).errors!.length,
    ).toBeLessThan(22);
  });

  it('with one text of a megabyte keeps the others', () => {
    const { events, rejected } = parse(amongOthers(JSON.stringify(eventWith({ data: { a: 'x'.repeat(MIB) } }))));
    expect(events).toHaveLength(2);
    expect(rejected).toMatchObject([{ code: 'data-too-large' }]);
  });

  it('is refused with an UploadError or read, whatever its bytes', () => {
    const { receivedMs, limits } = { receivedMs: RECEIVED_MS, limits: DEFAULT_WIRE_LIMITS };
    const good = JSON.stringify(batchWith());
    const cutAndPasted = fc
      .tuple(
        fc.nat(good.length),
        fc.nat(20),
        fc.constantFrom('NaN', '"', '{', '[', '\\ud800', '1e999', ',', 'null', ''),
      )
      .map(([at, length, paste]) => Buffer.from(good.slice(0, at) + paste + good.slice(at + length)));
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.json().map((text) => Buffer.from(text)),
      cutAndPasted,
    );
    fc.assert(
      fc.property(bytes, fc.option(fc.string(), { nil: undefined }), (body, sentAt) => {
        try {
          parseBatch(body, { receivedMs, sentAt }, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(UploadError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

const anyData = fc.dictionary(
  fc.oneof(fc.string({ maxLength: 5 }), fc.constant('__proto__')),
  fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.jsonValue({ maxDepth: 2 })),
);
const anyEvent = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('app_start', 'x', 'X'), timestamp: anyTime(), data: anyData }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);

function anyTime(): fc.Arbitrary<string> {
  return fc.integer({ min: -10 * 86_400_000, max: 86_400_000 }).map((ms) => new Date(RECEIVED_MS + ms).toISOString());
}

/** What became of each event of a batch, by its place. */
function outcomesOf(events: unknown[]): unknown[] {
  const batch = parse(batchWith({ events }));
  const outcomes: unknown[] = [];
  for (const { index, ...rest } of [...batch.events, ...batch.rejected]) {
    expect(outcomes[index]).toBeUndefined();
    outcomes[index] = rest;
  }
  expect(batch.events.length + batch.rejected.length).toBe(batch.sentEventCount);
  return outcomes;
}

describe('the events of a batch', () => {
  it('are each accepted or rejected, once, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 20 }), (events) => {
        const outcomes = outcomesOf(events);
        expect(outcomes).toHaveLength(events.length);
        expect(outcomes).not.toContain(undefined);
      }),
    );
  });

  it('fare alone as they fare among others', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 2, maxLength: 10 }), (events) => {
        expect(outcomesOf(events)).toEqual(events.map((event) => outcomesOf([event])[0]));
      }),
    );
  });
});
