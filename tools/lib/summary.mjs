/**
 * Counts a run of Jest from its `--json` report. A suite that failed to run counts as one failed test, and so does a
 * run that ended badly without a failed test to show for it, or left no report.
 * @param {{ report?: object, exitCode: number | null, selected?: boolean }} run `selected`: the user chose tests, so
 *   those left out are no fault
 * @returns {{ passed: number, failed: number, notes: string[] }} the notes say what a reader must know besides
 */
export function countJest({ report, exitCode, selected = false }) {
  if (report === undefined) return { passed: 0, failed: 1, notes: ['Jest left no report.'] };
  const notes = [];
  const passed = report.numPassedTests;
  let failed = report.numFailedTests;

  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  );
  if (broken.length > 0) {
    failed += broken.length;
    notes.push(`${count(broken.length, 'suite')} failed to run: ${broken.map((suite) => suite.name).join(', ')}.`);
  }

  const left = report.numPendingTests + report.numTodoTests;
  if (left > 0 && !selected) {
    failed += left;
    notes.push(
      `${count(left, 'test')} skipped or to do, which counts as failed: ${namesOfLeftOut(report).join('; ')}.`,
    );
  }
  if (failed === 0 && exitCode !== 0) {
    failed = 1;
    notes.push(`Jest ended with exit code ${exitCode} although no test failed.`);
  }
  if (passed + failed === 0) {
    failed = 1;
    notes.push('No test ran.');
  }
  return { passed, failed, notes };
}

/**
 * Formats the last line of a test run.
 * @param {{ passed: number, failed: number }[]} counts
 * @returns {string} `N passed, N failed`
 */
export function summaryLine(counts) {
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
  return `${sum('passed')} passed, ${sum('failed')} failed`;
}

function namesOfLeftOut(report) {
  return report.testResults.flatMap((suite) =>
    suite.assertionResults
      .filter((test) => ['pending', 'skipped', 'todo', 'disabled'].includes(test.status))
      .map((test) => test.fullName),
  );
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
