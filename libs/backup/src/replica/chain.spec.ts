import { assessChain, type GenerationListing } from './chain.js';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

function listing(snapshots: number[], segments: Record<number, number[]>): GenerationListing {
  return {
    snapshots: snapshots.map((index) => ({ index, createdAt: at(index) })),
    segments: new Map(Object.entries(segments).map(([index, offsets]) => [Number(index), offsets])),
  };
}

describe('what lies on a replica', () => {
  it('can be restored from a snapshot and every segment after it, since the oldest snapshot without a gap', () => {
    expect(assessChain(listing([1, 4], { 1: [0, 40], 2: [0], 3: [0], 4: [0, 10], 5: [0] }))).toMatchObject({
      restorable: true,
      problem: undefined,
      since: at(1),
      last: { index: 5, offset: 0 },
      segments: 7,
      snapshots: 2,
      newestSnapshot: 4,
    });
  });

  it('can still be restored as it is now when only the past before the newest snapshot has a gap', () => {
    const report = assessChain(listing([1, 4], { 1: [0], 3: [0], 4: [0] }));
    expect([report.restorable, report.since]).toEqual([true, at(4)]);
  });

  it.each([
    ['no snapshot', listing([], { 1: [0] }), /no snapshot/],
    ['nothing at all', listing([], {}), /no snapshot/],
    ['no segment after the snapshot', listing([3], { 2: [0] }), /first segment after snapshot 00000003 is missing/],
    ['a missing WAL', listing([1], { 1: [0], 3: [0] }), /WAL 00000002 is missing/],
    ['a WAL without its beginning', listing([1], { 1: [40, 80] }), /first segment of WAL 00000001/],
  ])('cannot be restored with %s', (_, found, problem) => {
    const report = assessChain(found);
    expect(report.restorable).toBe(false);
    expect(report.problem).toMatch(problem);
    expect(report.since).toBeUndefined();
  });

  it('cannot be restored when a segment in the middle that was seen being written is gone', () => {
    const known = new Map([[1, { from: 0, to: 120, count: 3 }]]);
    expect(assessChain(listing([1], { 1: [0, 40, 80] }), known).restorable).toBe(true);
    expect(assessChain(listing([1], { 1: [0, 80] }), known).problem).toBe(
      'WAL 00000001 has 2 of 3 segments that were written',
    );
    // What was written while the listing ran is more than is known, and no gap.
    expect(assessChain(listing([1], { 1: [0, 40, 80, 120] }), known).restorable).toBe(true);
  });
});
