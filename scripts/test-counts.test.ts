/** Tests of the closing line: what counts as passed, failed and skipped. */
import { describe, expect, test } from 'vitest';
import { add, closingLine, countRun, none, skippedTests } from './test-counts.mjs';

const file = (status: string, ...statuses: readonly string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: statuses.map((one, index) => ({ status: one, fullName: `test ${index} ${one}` })),
});

describe('a run', () => {
  test('counts each test once; what is neither passed nor failed is skipped', () => {
    const report = { testResults: [file('failed', 'passed', 'failed', 'skipped'), file('passed', 'passed', 'todo')] };
    expect(countRun(report, false)).toEqual({ passed: 2, failed: 1, skipped: 2 });
    expect(skippedTests(report)).toEqual(['test 2 skipped', 'test 1 todo']);
  });

  test('counts a file that cannot be loaded as a failure', () => {
    const report = { testResults: [file('failed'), file('passed', 'passed')] };
    expect(countRun(report, false)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('counts an error outside of tests as a failure', () => {
    expect(countRun({ testResults: [file('passed', 'passed')] }, false)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('counts a missing report, and a run without any test, as a failure', () => {
    expect(countRun(undefined, false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countRun({ testResults: [] }, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countRun({ testResults: [file('passed', 'skipped')] }, true)).toEqual({ passed: 0, failed: 1, skipped: 1 });
  });
});

test('counts add up, and the closing line names skipped tests only where there are some', () => {
  const sum = add({ passed: 1, failed: 2, skipped: 0 }, { passed: 10, failed: 0, skipped: 3 });
  expect(closingLine(sum)).toBe('11 passed, 2 failed, 3 skipped');
  expect(closingLine(add(none, { passed: 4, failed: 0, skipped: 0 }))).toBe('4 passed, 0 failed');
});
