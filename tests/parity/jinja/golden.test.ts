/** The project's own Jinja gives what Python's jinja2 gave when the cases were recorded. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { caseGroups } from './cases.ts';
import { goldenPath } from './golden.ts';
import { outcomeOf } from './own.ts';

interface GoldenLine {
  readonly group: string;
  readonly template: string;
  readonly output?: string;
  readonly error?: string;
}

const golden: readonly GoldenLine[] = readFileSync(goldenPath, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

describe.each(Object.entries(caseGroups))('%s', (group, cases) => {
  test('as Python has it', async () => {
    const outcomes: GoldenLine[] = [];
    for (const testCase of cases) {
      const { message: _message, ...outcome } = { message: '', ...(await outcomeOf(testCase)) };
      outcomes.push({ group, template: testCase.template, ...outcome });
    }
    expect(outcomes).toEqual(golden.filter((line) => line.group === group));
  });
});
