import { countJest, summaryLine } from '../lib/summary.mjs';

const test = (status: string, fullName = 'a test') => ({ status, fullName });
const suite = (status: string, ...assertionResults: object[]) => ({ name: 'a.spec.ts', status, assertionResults });
const report = (numbers: object, ...testResults: object[]) => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults,
  ...numbers,
});

describe('the count of a test run', () => {
  it('takes the numbers of passed and failed tests as they are', () => {
    const run = report({ numPassedTests: 3, numFailedTests: 1 }, suite('failed', test('passed'), test('failed')));
    expect(countJest({ report: run, exitCode: 1 })).toEqual({ passed: 3, failed: 1, notes: [] });
  });

  it('counts a suite that failed to run as one failed test', () => {
    const run = report({ numPassedTests: 3 }, suite('passed', test('passed')), suite('failed'));
    expect(countJest({ report: run, exitCode: 1 })).toMatchObject({ passed: 3, failed: 1 });
  });

  it('counts skipped and planned tests as failed, and names them', () => {
    const run = report(
      { numPassedTests: 1, numPendingTests: 1, numTodoTests: 1 },
      suite('passed', test('pending', 'later')),
    );
    const counts = countJest({ report: run, exitCode: 0 });
    expect(counts).toMatchObject({ passed: 1, failed: 2 });
    expect(counts.notes.join()).toContain('later');
  });

  it('does not mind tests left out by a user who chose some', () => {
    const run = report({ numPassedTests: 1, numPendingTests: 5 }, suite('passed', test('passed'), test('pending')));
    expect(countJest({ report: run, exitCode: 0, selected: true })).toEqual({ passed: 1, failed: 0, notes: [] });
  });

  it('fails when Jest left no report', () => {
    expect(countJest({ exitCode: 134 })).toMatchObject({ passed: 0, failed: 1 });
  });

  it('fails when Jest failed without a failed test', () => {
    expect(countJest({ report: report({ numPassedTests: 2 }), exitCode: 1 })).toMatchObject({ passed: 2, failed: 1 });
  });

  it('fails when no test ran', () => {
    expect(countJest({ report: report({}), exitCode: 0 })).toMatchObject({ passed: 0, failed: 1 });
  });

  it('ends in one line over all steps', () => {
    const counts = [
      { passed: 1, failed: 0 },
      { passed: 0, failed: 1 },
      { passed: 40, failed: 2 },
    ];
    expect(summaryLine(counts)).toBe('41 passed, 3 failed');
  });
});
