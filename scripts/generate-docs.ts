/** Writes the documents that are generated from code: docs/errors.md, docs/rules.md, docs/reports.md and .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { malformedRule, type Rule, rules } from '../src/contracts/rules.ts';
import { severitiesOf } from '../src/contracts/severity.ts';
import { tableContracts, tableNames } from '../src/contracts/tables.ts';
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

const judgedOver: Readonly<Record<Rule['scope'], string>> = {
  row: 'row',
  parents: 'row and parents',
  batch: 'batch',
  key: 'key',
};

function renderRules(among: readonly Rule[]): string {
  const rows = among.map((rule) => {
    const others = severitiesOf(rule).filter((severity) => severity !== rule.severity);
    return [`\`${rule.id}\``, rule.severity, others.join(', '), judgedOver[rule.scope], rule.message];
  });
  const header = ['rule', 'severity', 'can be', 'looks at', 'broken when'];
  return renderTable([header, ...rows]);
}

/** The text of docs/rules.md: every rule for CSV rows, by table. */
function renderRulesPage(): string {
  const tables = tableNames.map(
    (table) => `## ${tableContracts[table].file}\n\n${renderRules(rules.filter((rule) => rule.table === table))}\n`,
  );
  return `# Rules

What a row of the four CSV files must be. A row that breaks a rule of severity **error** goes to quarantine; its children
then refer to nothing, and follow. A row that breaks a rule of severity **warn** is kept and counted. A value that is not
there breaks no rule but \`required\`.

A rule looks at the row alone, at the row beside its parents (in the batch or in production), at the batch (the other rows
that came with it), or at the contents of one key, of which one is preferred. This page is written by
\`npm run docs:generate\` from src/contracts/rules.ts.

## Change them

A YAML file sets severities and thresholds: the one that \`MILLRACE_RULES\` names, else \`rules.yml\` in MILLRACE_HOME.

\`\`\`yaml
products.price.covers_cost: { severity: error } # error, warn or off
customers.email.syntax: { max_rate: 0.05 } # a batch in which more than 5 % of the rows break it is stopped
transactions.total_amount.is_the_sum: { severity: off }
\`\`\`

The column "can be" says which other severities a rule can have. Where it is empty, constraints of the tables and formulas
of the figures rest on the rule. Whatever the rules, a batch stops before production when the share of its rows that break
rules of severity error, those left out that only wait for a parent, is above \`MILLRACE_MAX_ERROR_RATE\`.

${tables.join('\n')}
## Any file

${renderTable([
  ['rule', 'severity', 'can be', 'looks at', 'broken when'],
  [`\`${malformedRule}\``, 'error', '', 'record', 'a record cannot be taken apart into the columns of the header'],
])}
`;
}

/** Path below the clone -> text of each generated document. */
export const generatedDocuments: ReadonlyMap<string, string> = new Map([
  ['docs/errors.md', renderErrors()],
  ['docs/reports.md', renderReports()],
  ['docs/rules.md', renderRulesPage()],
  ['.env.example', renderEnvExample()],
]);

if (import.meta.main) {
  for (const [path, text] of generatedDocuments) {
    writeFileSync(join(import.meta.dirname, '..', path), text);
    console.log(`wrote ${path}`);
  }
}
