import fc from 'fast-check';
import { steps, take } from './support/chaos.js';
import { History, findViolations } from './support/invariants.js';
import { OUTSIDERS, closeOutsiders, openAsOutsider } from './support/outsider.js';
import { Snapshot } from './support/snapshot.js';
import { Store } from './support/store.js';

describe.each(OUTSIDERS)('%s, random statements', (_how, options) => {
  it('never publish what was not approved, nor undo, replace or reuse what was published', () => {
    let published = 0;
    fc.assert(
      fc.property(steps, (sequence) => {
        const store = new Store(openAsOutsider(options));
        store.sceneWith('published');
        store.sceneWith('review');
        store.sceneWith('approved');
        let before = new Snapshot(store.db);
        const history = new History(before);
        const start = countPublished(before);
        for (const step of sequence) {
          take(step, store);
          const now = new Snapshot(store.db);
          expect({ violations: findViolations(before, now, history), step }).toEqual({ violations: [], step });
          before = now;
        }
        published += countPublished(before) - start;
        closeOutsiders();
      }),
      { numRuns: 30 },
    );
    // The histories are worth something only when some of them get that far.
    expect(published).toBeGreaterThan(0);
  });
});

function countPublished(snapshot: Snapshot): number {
  return snapshot.all('app_versions').filter((version) => version['status'] === 'published').length;
}
