import { describeFailure } from './program.js';

describe('what a failed command says', () => {
  const failure = (code: string) => describeFailure(Object.assign(new Error('as the system says it'), { code }));

  it.each([
    ['SQLITE_NOTADB', 'mosis restore'],
    ['SQLITE_CORRUPT_INDEX', 'mosis restore'],
    ['SQLITE_CANTOPEN', 'mosis doctor'],
    ['SQLITE_FULL', 'Make room'],
    ['ENOSPC', 'Make room'],
    ['EROFS', 'Mount it for writing'],
    ['EADDRINUSE', 'set PORT'],
  ])('is what is wrong and what to do: %s', (code, advice) => {
    const [what, ...then] = failure(code).split('\n');
    expect(what).toBe('as the system says it');
    expect(then.join()).toContain(advice);
  });

  it('is no more than what is wrong where nothing is known', () => {
    expect(failure('ELOOP')).toBe('as the system says it');
  });
});
