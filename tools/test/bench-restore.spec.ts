import { failuresBesideObjects } from '../../bench/cases/restore-drill.ts';

describe('what the benchmark makes of a verification of backups', () => {
  const missing = 'The copy of packages/sha256/00/00ab.mosis is missing from the backup.';
  const more = '4695 more copies of objects are missing or changed.';
  const found = (...failures: string[]) => failuresBesideObjects(JSON.stringify({ state: 'failed', failures }));

  it('passes over packages that a data set does not have, and over nothing else', () => {
    expect(found()).toEqual([]);
    expect(found(missing, more)).toEqual([]);
    const others = [
      'The copy of packages/sha256/00/00ab.mosis has other bytes.',
      'The copy of icons/sha256/00/00ab.png is missing from the backup.',
      'The audit chain ends at row 7.',
    ];
    expect(found(missing, ...others, more)).toEqual(others);
  });

  it('knows when there is no report', () => {
    expect(failuresBesideObjects('mosis: the server went away')).toBeUndefined();
    expect(failuresBesideObjects('{}')).toBeUndefined();
  });
});
