import type { ReplicaHistory } from './replica-history.js';
import { NothingToRestoreError } from './restore-errors.js';
import { findEarliestMoment, findMomentBefore, findRestoreMoment } from './restore-moment.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 27, 18, 0, second));
const segment = (index: number, offset: number, second: number) => ({ index, offset, at: at(second), key: `${index}` });

/** Two generations with ten seconds between them, in which nobody wrote. */
const history: ReplicaHistory = {
  database: 'core',
  generations: [
    {
      name: 'a',
      snapshots: [
        { index: 0, at: at(1) },
        { index: 2, at: at(6) },
      ],
      segments: [segment(0, 0, 1), segment(0, 32, 2), segment(1, 0, 4), segment(2, 0, 6), segment(2, 32, 9)],
    },
    { name: 'b', snapshots: [{ index: 0, at: at(20) }], segments: [segment(0, 0, 20), segment(0, 32, 25)] },
  ],
};
const chosen = (second?: number) => {
  const {
    generation,
    snapshot,
    segments,
    at: moment,
  } = findRestoreMoment(history, (second && at(second)) || undefined);
  return [generation, snapshot.index, segments.length, moment.getUTCSeconds()];
};

describe('the moment that a restore is made of', () => {
  it('is the newest there is, unless another is asked for', () => {
    expect(chosen()).toEqual(['b', 0, 2, 25]);
    expect(findRestoreMoment(history).timestamp).toBeUndefined();
  });

  it('begins with the last snapshot before it, and applies what arrived until then', () => {
    expect(chosen(5)).toEqual(['a', 0, 3, 4]);
    expect(chosen(6)).toEqual(['a', 2, 1, 6]);
    expect(findRestoreMoment(history, at(5)).timestamp).toEqual(at(5));
  });

  it('is the last write before it when nobody wrote: after the last one, and between two generations', () => {
    expect(chosen(15)).toEqual(['a', 2, 2, 9]);
    expect(chosen(50)).toEqual(['b', 0, 2, 25]);
    expect(findRestoreMoment(history, at(15)).timestamp).toBeUndefined();
  });

  it('does not lie before the first snapshot', () => {
    expect(findEarliestMoment(history)).toEqual(at(1));
    expect(() => findRestoreMoment(history, new Date(at(1).getTime() - 1))).toThrow(NothingToRestoreError);
    expect(findMomentBefore(history, at(1))).toBeUndefined();
    expect(findMomentBefore(history, at(9))).toEqual(at(6));
  });

  it('is of a generation that has a snapshot, and says that a newer one has none', () => {
    const [first] = history.generations;
    const orphaned: ReplicaHistory = {
      database: 'core',
      generations: [first!, { name: 'c', snapshots: [], segments: [segment(0, 0, 40)] }],
    };
    const moment = findRestoreMoment(orphaned);
    expect(moment.generation).toBe('a');
    expect(moment.warning).toContain(`up to ${at(40).toISOString()} without the snapshot`);
    expect(() => findRestoreMoment({ database: 'core', generations: orphaned.generations.slice(1) })).toThrow(
      'has no snapshot',
    );
    expect(() => findRestoreMoment({ database: 'core', generations: [] })).toThrow('there is no backup at this place');
  });
});
