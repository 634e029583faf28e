/** Writes the documents that are generated from code: docs/errors.md and .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderEnvExample } from '../src/kernel/config.ts';
import { errorCatalogue } from '../src/kernel/errors.ts';
import { loadReports, type Report } from '../src/metrics/reports.ts';

interface Entry {
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: number;
}

const renderEntry = ([code, { message, remedy, exitCode }]: readonly [string, Entry]): string =>
  `## ${code}\n\n${message}\n\nWhat to do: ${remedy} Exit code ${exitCode}.\n`;

/** The text of docs/errors.md: every entry of the catalogue, in its order. */
function renderErrors(): string {
  return `# Errors

Everything that can go wrong for a user has a code, says what happened with which value (in braces here), and what to do.
Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached.
This page is written by \`npm run docs:generate\` from src/kernel/errors.ts.

${Object.entries(errorCatalogue).map(renderEntry).join('\n')}`;
}

/** A table whose columns stand below each other, as the formatter has them. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function renderReport({ name, title, question, note, chart, limit, columns }: Report): string {
  const hint = chart.type === 'table' ? 'a table' : `${chart.type} of ${chart.y.join(', ')} by ${chart.x}`;
  const series = chart.type !== 'table' && chart.series !== undefined ? `, one for each ${chart.series}` : '';
  const shown = limit === undefined ? '' : ` It shows ${limit} rows unless \`--limit\` says otherwise.`;
  const told = note === undefined ? '' : ` ${note}`;
  const rows = columns.map((column) => [column.name, column.unit, column.description]);
  return `### ${name}

**${title}.** ${question}${told}${shown} Chart: ${hint}${series}.

${renderTable([['column', 'unit', 'what'], ...rows])}
`;
}

/** The insights: report, what its sentence says, and how much data it needs. */
const insights = [
  ['report', 'sentence', 'only with'],
  [
    'category-share',
    'which category leads, with its share',
    'twenty orders or more, and a category ahead of the others that is not Uncategorised',
  ],
  ['weekend-weekday', 'an average day of the weekend against a weekday', 'eight days or more of each kind'],
  ['repeat-customers', 'the share of customers who came back', 'twenty customers or more'],
  [
    'revenue-trend',
    'the month that grew most',
    'three months or more that are complete and follow a complete one; any growth',
  ],
  ['pareto', 'how few products make 80 % of gross revenue', 'ten products or more'],
  ['top-products', 'the best product, with its share', 'ten products or more, one of them ahead of the others'],
];

/** The text of docs/reports.md: how reports are asked, and every report as its file declares it. */
function renderReports(): string {
  return `# Reports

A report answers one question about the shop from the published figures. This page is written by \`npm run docs:generate\`
from the headers of the files in [src/metrics/reports](../src/metrics/reports).

\`\`\`sh
bin/millrace report list
bin/millrace report revenue-trend
bin/millrace report top-products --from 2026-01-01 --to 2026-03-31 --limit 50
bin/millrace report rfm-segments --csv > segments.csv           # or --json
\`\`\`

## What holds for all

- Revenue, returns, orders, customers, average order value and days are those of
  [the data model](data-model.md#what-the-figures-mean): only completed transactions count, a return counts on its own
  day, guests are no customers.
- \`--from\` and \`--to\` are days of the shop, both inclusive. Without them a report covers the days from the first to the
  last one with a sale or return. Before and after those days there are no rows,
  but for slow-movers, which lists what is in stock.
- A product or customer is one, however often it changed: names and categories are the present ones. The same id in two
  sources is two.
- Units: amounts are in the shop's currency, which \`--json\` names; fractions are 0.25 for a quarter, shown as 25.00% on
  a terminal, and none where they would divide by 0; a month is YYYY-MM.
- \`--json\` gives one object: \`report\`, \`title\`, \`question\`, \`note\`, \`range\`, \`currency\` (null in a report without
  amounts), \`chart\`, \`columns\`, \`truncated\` (there are more rows than \`--limit\`) and \`rows\`.
- \`--csv\` gives a header and lines that end with LF, quoted as RFC 4180 says. A text that begins with = + - @, a tab or
  a carriage return has an apostrophe before it, so that no spreadsheet takes it for a formula; numbers stay as they are.
  \`millrace query --csv\` does the same.

## Insights

\`millrace run\` ends with a few sentences, each from one report over all days; \`run --json\` has them in \`insights\` as
\`{report, text, figures}\`. What too little data stands behind is left out:

${renderTable(insights)}

## A report of your own

A report is a file \`src/metrics/reports/NAME.sql\`: YAML in a comment (\`title\`, \`question\`, \`note\`, \`chart\`, \`limit\`,
\`columns\` with \`unit\` and \`description\`, in the order of the SELECT), then one SELECT in DuckDB's SQL over the
[warehouse](data-model.md#the-warehouse) with the parameters \`$from\` and \`$to\`, whose last clause is an ORDER BY that
leaves no ties. Customers and products are grouped by source and id through their dimension, never by key: a key is one
version.

## The reports

${loadReports().map(renderReport).join('\n')}`;
}

/** Path below the clone -> text of each generated document. */
export const generatedDocuments: ReadonlyMap<string, string> = new Map([
  ['docs/errors.md', renderErrors()],
  ['docs/reports.md', renderReports()],
  ['.env.example', renderEnvExample()],
]);

if (import.meta.main) {
  for (const [path, text] of generatedDocuments) {
    writeFileSync(join(import.meta.dirname, '..', path), text);
    console.log(`wrote ${path}`);
  }
}
