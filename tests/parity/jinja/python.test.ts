/** Python's jinja2 in dbt's environment still gives what was recorded, and agrees on expressions made at random. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findTool, whyLeftOut } from '../../setup/tools.ts';
import type { Case } from './cases.ts';
import { expressionContext, sampleExpressions, sampleTemplates } from './expressions.ts';
import { allCases, goldenDocument, goldenPath, withoutMessage } from './golden.ts';
import { type Outcome, outcomeOf } from './own.ts';

const dbt = findTool('dbt');
const script = join(import.meta.dirname, 'render.py');

/** Renders all cases in one process of the Python that dbt is installed in. */
function renderWithPython(cases: readonly Case[]): Promise<readonly Outcome[]> {
  const python = join(dirname(dbt ?? ''), 'python');
  return new Promise((resolve, reject) => {
    const child = execFile(python, [script], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout)),
    );
    child.stdin?.end(JSON.stringify(cases));
  });
}

/** The templates whose outcomes differ, with both outcomes. */
async function compare(templates: readonly string[]): Promise<readonly unknown[]> {
  const cases = templates.map((template) => ({ template, context: expressionContext }));
  const theirs = await renderWithPython(cases);
  const differences: unknown[] = [];
  for (const [index, testCase] of cases.entries()) {
    const own = withoutMessage(await outcomeOf(testCase));
    const python = theirs[index];
    if (!isDeepStrictEqual(own, python)) differences.push({ template: testCase.template, own, python });
  }
  return differences;
}

describe.skipIf(!dbt)(`Python's jinja2${whyLeftOut('dbt', dbt)}`, () => {
  test('gives what was recorded (vitest --update records it again)', async () => {
    const outcomes = await renderWithPython(allCases.map(({ testCase }) => testCase));
    await expect(goldenDocument(outcomes)).toMatchFileSnapshot(goldenPath);
  });

  test('agrees on expressions made at random', async () => {
    const templates = sampleExpressions(1500, 20_260_630).map((expression) => `{{ ${expression} }}`);
    expect(await compare(templates)).toEqual([]);
  });

  test('agrees on templates made at random', async () => {
    expect(await compare(sampleTemplates(1000, 20_260_630))).toEqual([]);
  });
});
