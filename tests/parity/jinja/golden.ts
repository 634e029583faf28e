/** The outcomes of all cases as one document, which is kept so that they can be compared where there is no Python. */
import { join } from 'node:path';
import { type Case, caseGroups } from './cases.ts';
import type { Outcome } from './own.ts';

export const goldenPath = join(import.meta.dirname, 'golden.jsonl');

/** Every case with its group, in order. */
export const allCases: readonly { readonly group: string; readonly testCase: Case }[] = Object.entries(
  caseGroups,
).flatMap(([group, cases]) => cases.map((testCase) => ({ group, testCase })));

/** The error's kind without its message, which the two languages word differently. */
export const withoutMessage = (outcome: Outcome): Outcome =>
  'output' in outcome ? { output: outcome.output } : { error: outcome.error };

/** One line for each case: its group, its template and its outcome. */
export function goldenDocument(outcomes: readonly Outcome[]): string {
  const lines = allCases.map(({ group, testCase }, index) => {
    const outcome = outcomes[index];
    return JSON.stringify({ group, template: testCase.template, ...(outcome && withoutMessage(outcome)) });
  });
  return `${lines.join('\n')}\n`;
}
