/** Counts of checks and tests: read from vitest's report, added up, written as the closing line. */

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ status: string, fullName: string }} TestReport
 * @typedef {{ name: string, status: string, assertionResults: readonly TestReport[] }} FileReport
 * @typedef {{ testResults: readonly FileReport[] }} RunReport What vitest's json reporter writes, as far as it is read here.
 */

/** @type {Counts} */
export const none = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** @param {FileReport} file */
function countFile(file) {
  const withStatus = (/** @type {string} */ status) =>
    file.assertionResults.filter((test) => test.status === status).length;
  const passed = withStatus('passed');
  const failed = withStatus('failed');
  const skipped = file.assertionResults.length - passed - failed;
  // A file that cannot be loaded, or whose hooks fail, is one failure of its own.
  return { passed, failed: failed === 0 && file.status === 'failed' ? 1 : failed, skipped };
}

/**
 * The counts of a run. One that failed otherwise than by a test, wrote no report, or ran no test at all is one failure.
 * @param {RunReport | undefined} report
 * @param {boolean} ok Whether vitest ended with 0.
 * @returns {Counts}
 */
export function countRun(report, ok) {
  const counts = (report?.testResults ?? []).map(countFile).reduce(add, none);
  const silent = counts.failed === 0 && (!ok || counts.passed === 0);
  return silent ? { ...counts, failed: 1 } : counts;
}

/**
 * The full names of the tests that were not run.
 * @param {RunReport | undefined} report
 */
export const skippedTests = (report) =>
  (report?.testResults ?? []).flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map((test) => test.fullName),
  );

/** @param {Counts} counts */
export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
