/** How commands print: a result as text or as JSON, counts, tables. */
import type { App } from './app.ts';

/** Whole numbers with commas between thousands. The first use of Intl takes longer than most commands print. */
export const number = {
  format: (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ','),
};

/** Tables without colours, a line for each row. */
export const tableStyle = { head: [], border: [], compact: true };

/** Prints what a command found or did: as JSON where that is asked for, otherwise as `render` tells it. */
export function printResult<Result>(
  { output }: Pick<App, 'output'>,
  { json }: { readonly json?: true },
  result: Result,
  render: (result: Result) => string,
): void {
  output.settle();
  output.print(json ? `${JSON.stringify(result, null, 2)}\n` : render(result));
}
