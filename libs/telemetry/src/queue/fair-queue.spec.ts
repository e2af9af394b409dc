import fc from 'fast-check';
import { FairQueue, LEAST_HELD_BYTES, TURN_BYTES, type WaitingUpload } from './fair-queue.js';

interface Upload extends WaitingUpload {
  number: number;
}

const KIB = 1024;
const BOUNDS = { maxBytes: 64 * KIB, maxBytesPerApp: 24 * KIB };
const APPS = ['a', 'b', 'c', 'd'];

/** What waits, in the order it came; whose turn it is, is not the model's. */
class Model {
  waiting: Upload[] = [];
  offered = 0;

  held(appKey?: string): number {
    const counted = this.waiting.filter((item) => appKey === undefined || item.appKey === appKey);
    return counted.reduce((total, item) => total + Math.max(item.bytes, LEAST_HELD_BYTES), 0);
  }
}

const bytesOf = (items: Upload[]) => items.reduce((total, item) => total + item.bytes, 0);

class Step implements fc.Command<Model, FairQueue<Upload>> {
  constructor(
    private readonly name: string,
    private readonly apply: (model: Model, queue: FairQueue<Upload>) => void,
  ) {}
  check = () => true;
  toString = () => this.name;
  run(model: Model, queue: FairQueue<Upload>): void {
    this.apply(model, queue);
    expect(queue.length).toBe(model.waiting.length);
    expect(queue.bytes).toBe(bytesOf(model.waiting));
    expect(queue.apps).toBe(new Set(model.waiting.map((item) => item.appKey)).size);
    expect(queue.oldestWaiting).toBe(model.waiting[0]);
  }
}

const sizes = fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 30 * KIB }));
const steps = [
  fc.tuple(fc.constantFrom(...APPS), sizes, fc.integer({ min: 1, max: 12 })).map(
    ([appKey, bytes, times]) =>
      new Step(`offer ${appKey} ${bytes} × ${times}`, (model, queue) => {
        for (let time = 0; time < times; time += 1) {
          const item = { appKey, bytes, number: (model.offered += 1) };
          const heldBytes = Math.max(bytes, LEAST_HELD_BYTES);
          const appFull = model.held(appKey) + heldBytes > BOUNDS.maxBytesPerApp;
          const full = model.held() + heldBytes > BOUNDS.maxBytes;
          expect(queue.offer(item)).toBe(appFull ? 'app-full' : full ? 'full' : 'queued');
          if (!appFull && !full) model.waiting.push(item);
        }
      }),
  ),
  fc.tuple(fc.nat({ max: 40 * KIB }), fc.nat({ max: 12 })).map(
    ([maxBytes, maxItems]) =>
      new Step(`take ${maxBytes} ${maxItems}`, (model, queue) => {
        const taken = queue.take(maxBytes, maxItems);
        if (model.waiting.length > 0) expect(taken.length).toBeGreaterThan(0);
        expect(taken.length).toBeLessThanOrEqual(Math.max(1, maxItems));
        if (taken.length > 1) expect(bytesOf(taken)).toBeLessThanOrEqual(maxBytes);
        for (const appKey of APPS) {
          const own = taken.filter((item) => item.appKey === appKey);
          expect(own).toEqual(model.waiting.filter((item) => item.appKey === appKey).slice(0, own.length));
        }
        model.waiting = model.waiting.filter((item) => !taken.includes(item));
      }),
  ),
];

/** A queue without bounds that matter, and uploads of any number. */
const roomy = () => new FairQueue<Upload>({ maxBytes: 2 ** 40, maxBytesPerApp: 2 ** 40 });
const fill = (queue: FairQueue<Upload>, appKey: string, uploadSizes: number[]) =>
  uploadSizes.forEach((bytes, number) => queue.offer({ appKey, bytes, number }));

describe('The fair queue', () => {
  it('loses nothing, gives nothing twice, keeps its bounds and the order inside an app', () => {
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 60, size: 'max' }), (commands) => {
        fc.modelRun(() => ({ model: new Model(), real: new FairQueue<Upload>(BOUNDS) }), commands);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the single upload of one app in the next take while another has 5,000 waiting', () => {
    const queue = new FairQueue<Upload>({ maxBytes: 32 * KIB * KIB, maxBytesPerApp: 8 * KIB * KIB });
    fill(queue, 'flood', Array<number>(5000).fill(1500));
    queue.take(100 * KIB, 10);
    fill(queue, 'quiet', [1500]);
    const taken = queue.take(100 * KIB, 2);
    expect(taken.map((item) => item.appKey).sort()).toEqual(['flood', 'quiet']);
  });

  it('lets at most one upload of each other app go before a small one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat({ max: 100 * KIB }), { minLength: 5, maxLength: 20 }), { minLength: 1, maxLength: 6 }),
        fc.nat({ max: TURN_BYTES }),
        fc.array(fc.tuple(fc.nat({ max: 200 * KIB }), fc.integer({ min: 1, max: 9 })), { maxLength: 5 }),
        (floods, bytes, takesBefore) => {
          const queue = roomy();
          floods.forEach((flood, index) => fill(queue, `flood ${index}`, flood));
          for (const [maxBytes, maxItems] of takesBefore) queue.take(maxBytes, maxItems);
          const others = queue.apps;
          fill(queue, 'quiet', [bytes]);
          const order = queue.take(Infinity, Infinity).map((item) => item.appKey);
          const before = order.slice(0, order.indexOf('quiet'));
          expect(before.length).toBeLessThanOrEqual(others);
          expect(new Set(before).size).toBe(before.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('serves apps that all have uploads waiting alike by bytes, however the takes are cut', () => {
    const large = 60 * KIB;
    const line = fc.array(fc.nat({ max: large }), { minLength: 30, maxLength: 60, size: 'max' });
    const takes = fc.array(fc.tuple(fc.nat({ max: 300 * KIB }), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    });
    fc.assert(
      fc.property(line, line, line, takes, (a, b, c, cuts) => {
        const queue = roomy();
        const left = { a: a.length, b: b.length, c: c.length };
        const served = { a: 0, b: 0, c: 0 };
        fill(queue, 'a', a);
        fill(queue, 'b', b);
        fill(queue, 'c', c);
        for (const [maxBytes, maxItems] of cuts) {
          for (const item of queue.take(maxBytes, maxItems)) {
            const key = item.appKey as keyof typeof served;
            served[key] += Math.max(item.bytes, TURN_BYTES);
            left[key] -= 1;
          }
          if (Math.min(...Object.values(left)) === 0) return;
          const spread = Math.max(...Object.values(served)) - Math.min(...Object.values(served));
          expect(spread).toBeLessThanOrEqual(large + 2 * TURN_BYTES);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('does not favour uploads that just fill a turn over those that just exceed it', () => {
    const queue = roomy();
    fill(queue, 'filling', Array<number>(1000).fill(TURN_BYTES));
    fill(queue, 'exceeding', Array<number>(1000).fill(TURN_BYTES + 1));
    const taken = queue.take(Infinity, 1000).filter((item) => item.appKey === 'exceeding');
    expect(taken.length).toBeGreaterThan(495);
    expect(taken.length).toBeLessThan(505);
  });

  it('gives an upload that is larger than a take, and one that did not fit first in the next', () => {
    const queue = roomy();
    fill(queue, 'large', [1000 * KIB, 1000 * KIB]);
    fill(queue, 'small', Array<number>(1000).fill(1000));
    let takes = 0;
    let givenLarge = 0;
    while (queue.length > 0) {
      const taken = queue.take(100 * KIB, 100);
      takes += 1;
      givenLarge += taken.filter((item) => item.appKey === 'large').length;
      const place = taken.findIndex((item) => item.appKey === 'large');
      expect(place).toBeLessThanOrEqual(0);
    }
    expect(givenLarge).toBe(2);
    expect(takes).toBeLessThan(20);
  });

  it('leaves nothing behind of an app when its last upload is taken', () => {
    const queue = roomy();
    for (let app = 0; app < 1000; app += 1) fill(queue, `app ${app}`, [10, 10]);
    expect(queue.take(Infinity, Infinity)).toHaveLength(2000);
    expect([queue.apps, queue.bytes, queue.length, queue.oldestWaiting]).toEqual([0, 0, 0, undefined]);
    expect(queue.take(1, 1)).toEqual([]);
  });

  it('bounds empty uploads as well, and refuses those without a size', () => {
    const queue = new FairQueue<Upload>({ maxBytes: 10 * LEAST_HELD_BYTES, maxBytesPerApp: 8 * LEAST_HELD_BYTES });
    const offers = ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b'];
    const answers = offers.map((appKey, number) => queue.offer({ appKey, bytes: 0, number }));
    expect(answers.slice(7)).toEqual(['queued', 'app-full', 'queued', 'queued', 'full']);
    expect(() => queue.offer({ appKey: 'a', bytes: NaN, number: 0 })).toThrow(RangeError);
  });
});
