/** Writes the documents that are generated from code: docs/errors.md, rules.md, events.md, reports.md, the JSON Schema of events, .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  baseContract,
  baseWords,
  type EventField,
  eventFields,
  eventRules,
  mostRules,
  pathOf,
  propertyTypes,
} from '../src/contracts/events/event-contract.ts';
import { eventJsonSchema } from '../src/contracts/events/json-schema.ts';
import { referenceContracts } from '../src/contracts/events/reference-data.ts';
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
Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached, 130 cancelled by Ctrl-C.
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
  last one with a sale or return, or with an event where it is about events. Before and after those days there are no
  rows, but for slow-movers, which lists what is in stock.
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

A report is a file \`src/metrics/reports/NAME.sql\`: YAML in a comment (\`title\`, \`question\`, \`note\`, \`about\` (sales or events),
\`chart\`, \`limit\`, \`columns\` with \`unit\` and \`description\`, in the order of the SELECT), then one SELECT in DuckDB's SQL over the
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

const needed = ({ checks }: EventField): string => {
  const required = checks.find(({ check }) => check === 'required');
  if (required?.check !== 'required') return '';
  return required.on ? `on ${required.on.join(', ')}` : 'always';
};

const contractFile = `version: 1 # of the contract that the file was written for; may be left out
event_types: [wishlist_add, refund]
device_types: [kiosk]
traffic_sources: [affiliate]
properties:
  coupon:
    type: text
    required_on: [refund]
    values: [SPRING, AUTUMN]
    description: The coupon that was redeemed.
  rating: { type: integer }
`;

function renderReference(name: keyof typeof referenceContracts): string {
  const { columns, rules: ofColumns, key } = referenceContracts[name];
  return `${renderTable([
    ['column', 'type', 'what'],
    ...columns.map((column) => [
      column.name,
      column.type,
      `${column.description}${column.name === key ? ' The key.' : ''}`,
    ]),
  ])}

${renderTable([['rule', 'broken when'], ...ofColumns.map(({ id, message }) => [`\`${id}\``, message])])}`;
}

/** The text of docs/events.md: what an event must be, and how a shop extends that. */
function renderEvents(): string {
  const fields = eventFields(baseContract);
  const words = Object.values(baseWords).map((each) => each.map((word) => `\`${word}\``).join(', '));
  return `# Events

What a click event must be, whether it comes in a file or over HTTP, and what the catalog and the profiles beside it must
be. The tables of this page are written by \`npm run docs:generate\` from src/contracts/events.

\`\`\`json
{
  "event_id": "EVT_9F2C41D07A3BE865",
  "event_type": "purchase",
  "user_id": "CUST0042",
  "session_id": "SES5b1f09a2c7d4",
  "event_timestamp": "2026-03-01T09:30:00.250Z",
  "device_type": "mobile",
  "country_code": "DE",
  "traffic_source": "email",
  "product_id": "PROD0007",
  "product_category": "Home & Kitchen",
  "revenue_amount": 39.98,
  "properties": { "order_id": "TXN00311", "quantity": 2 }
}
\`\`\`

## Fields

${renderTable([['field', 'must be there', 'what'], ...fields.map((field) => [pathOf(field), needed(field), field.description])])}

- \`event_type\`: ${words[0]}.
- \`device_type\`: ${words[1]}.
- \`traffic_source\`: ${words[2]}.

These are compared as they are listed, in small letters. \`null\` is as good as missing, and so is a string of nothing but
spaces where a string belongs. Spaces around \`user_id\`, \`session_id\`, \`product_id\` and \`product_category\` are left out.
A timestamp may leave out the seconds, and what it has beyond microseconds is cut off. An amount is rounded to two places,
half away from zero.

A purchase is one event per line of its order: \`product_id\`, \`revenue_amount\` the total of the line, and in
\`properties\` the \`order_id\` that the lines share and the \`quantity\`. A search has \`query\` there.

Fields that are not listed are kept: those that are not null join \`properties\`, unless it has a key of that name, and are
reported as unknown fields.

## Rules

An event that breaks a rule goes to quarantine, with its text and every rule that it breaks. An event that breaks one of
the first three is not judged by the others. Whether \`revenue_amount\` and \`product_id\` must or must not be there is
judged only on event types that are known.

JSON is meant as in RFC 8259: no comma before a closing bracket, no comments, no NaN.

The same rules are in the [JSON Schema](schema/event.json) (draft 2020-12), by which other tools can check an event before
it is sent, but for those that a schema cannot express.

${renderTable([
  ['rule', 'broken when', 'in the schema'],
  ...eventRules(baseContract).map(({ id, message, inSchema }) => [`\`${id}\``, message, inSchema ? 'yes' : '']),
])}

## From a file to the lake

\`\`\`sh
millrace ingest events ./clicks ./more.ndjson.gz        # files, and folders with all files of events below them
millrace ingest events ./clicks --source web --json     # where they come from; the result for a program
\`\`\`

A file is NDJSON, a JSON array or Parquet, plain or packed by gzip or zstd. Which of them shows in its bytes; in a folder only
files with a usual name are taken (\`.ndjson\`, \`.jsonl\`, \`.json\`, also with \`.gz\` or \`.zst\`, and \`.parquet\`), and the others are
named. JSON may be in any usual encoding, with any line ends; blank lines do not count. A Parquet file has a row per event,
with the fields as columns. The catalog and the profiles have commands of their own: in a folder Parquet without a column
\`event_id\` is left out as well, and named.

1. The files are copied as they are received to \`raw/events/received_date=YYYY-MM-DD/\`, under their SHA-256. A file whose bytes
   were loaded before is left out, whatever it is called.
2. Every line is judged. What breaks a rule goes to quarantine with its text, file and line.
3. What is [personal](#personal-data) is masked, and what has come before is [left out](#counted-once).
4. The others become rows of \`lake/processed/events/event_date=YYYY-MM-DD/\`, sorted by time. The day is that of
   \`event_timestamp\` in UTC, however late the event comes. That the day changed stands in \`ops.changed_keys\`.
5. One PostgreSQL transaction registers the files and books the batch: received = loaded + duplicate + quarantined, or
   nothing is loaded.

However many lines are broken, the others are loaded: \`MILLRACE_MAX_ERROR_RATE\` and \`rules.yml\` are for CSV files. Events
that come [over HTTP](collector.md) are written to files first and go the same way.

## Counted once

An event is known by its \`event_id\`, over all sources and all that was ever loaded, also when the copy has another time.

| with an id that has come before | becomes                                             |
| ------------------------------- | --------------------------------------------------- |
| the same in all fields          | a duplicate: counted, and not kept                  |
| anything else                   | quarantined, with the rule \`events.event_id.unique\` |

Fields are compared as they are stored. Of several contents of an id the first that came stands, within a batch the first
in the order of files and lines. So a batch of events cannot be reverted (MR-BAT-006): what later batches left out as its
duplicates would be missing. Why so, and how it is found without reading the lake, stands in the decisions
[0016](decisions/0016-ids-in-an-index.md) and
[0018](decisions/0018-the-first-content-stands.md).

## Quarantine and replay

\`\`\`sh
millrace quarantine list --table events --rule events.device_type.known
millrace quarantine show 17                                   # the line as it was received
millrace quarantine fix 17 --set device_type=mobile           # an empty value removes the field
millrace quarantine fix 18 --set 'record={"event_id": ...}'   # the line as a whole
millrace quarantine replay && millrace build
millrace quarantine list --table events --csv > held.csv      # column record; edit it, then: replay --from held.csv
\`\`\`

Of a line that is malformed or too long only the whole can be set. Replayed events are judged by the contract in force, as of
when they were received, and are then loaded, duplicates, or still held. Rows of the catalog and of profiles are mended in
their file (MR-QRN-007).

## Personal data

Before an event is stored, these are looked for in every text, also in keys and values of \`properties\`:

- email addresses, also with %40;
- phone numbers: with + or 00 and the country, or in groups as they are usually written; and 7 to 15 digits under a key
  such as \`phone\` or \`mobile\`;
- card numbers: of a known brand and length, with a right check digit (Luhn), in one piece or in groups.

| where                                             | what becomes of it                                                                                                                        |
| ------------------------------------------------- | ----------------------------------------------------------------------------------------------------------------------------------------- |
| \`event_id\`, \`user_id\`, \`session_id\`, \`product_id\` | the whole id becomes its HMAC-SHA256 under the home's key; an id that is an email becomes the same token as \`email_token\` of the customer |
| \`product_category\`, \`properties\`                  | \`[email]\`, \`[phone]\` or \`[card]\` stands in its place                                                                                      |

Ids that are nothing but digits stay, also where they could be a phone number without its country: most are
order numbers. Names and addresses are not looked for: do not send them. Quarantine, \`raw/\` and collected segments keep what
was received; [Operations](operations.md#personal-data) says who can read them, and how they are removed.

## Drift

What the contract does not know is reported by the load that sees it first from a source, once, with an example and its
share of the batch; it is kept in \`ops.drift\`.

| kind  | what                                                                 | its events                        |
| ----- | -------------------------------------------------------------------- | --------------------------------- |
| field | a field beside the contract's                                        | are loaded, with it in properties |
| value | an event type, device, source or country that is none of those known | are in quarantine                 |

A load reports at most 50 of a kind and field, those that are most frequent.

## Extend the contract

A shop has event types, devices, sources and properties of its own. \`contract.yml\` in MILLRACE_HOME adds them:

\`\`\`yaml
${contractFile}\`\`\`

- A word is of a-z, 0-9 and _ and begins with a letter. The words of the base remain.
- A property stands in \`properties\` of the event. Its \`type\` is ${propertyTypes.slice(0, -1).join(', ')} or ${propertyTypes.at(-1)}. With \`required_on\` it must be
  there on events of these types; \`values\` are the only ones that a text can have, compared as they are listed.
  Properties that are not declared may be anything.
- Each makes rules: \`events.properties.coupon.required\`, \`.typed\` and \`.known\`. A contract has at most ${mostRules} rules, of
  which the base has ${eventRules(baseContract).length}.
- A file that says anything else is refused, with the place and the nearest right word.

What was quarantined for want of a word or property is judged again by the contract in force, once the file has it:

\`\`\`sh
millrace quarantine replay --rule events.event_type.known
\`\`\`

\`version\` is that of the base contract, now ${baseContract.version}. It grows when the base changes; a later one reads what was
written under an earlier one, with NULL in columns that are new.

## Catalog

Parquet, a row per product (\`millrace ingest catalog\`). Of each product the latest file counts, by \`--as-of\` or the time of
the load, and keeps the products that it does not have. Columns may be of any type that reads as the one below, and may be
missing but for the key.

${renderReference('catalog')}

## Profiles

Parquet, a row per user (\`millrace ingest profiles\`), taken as the catalog is. No name, email or phone belongs here.

${renderReference('profiles')}
`;
}

/** JSON as the formatter has it: a list of plain values stands on one line where it fits. */
function renderJson(value: unknown, indent = '', before = 0): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = JSON.stringify(value).replaceAll('","', '", "');
    if (value.every((each) => typeof each !== 'object') && indent.length + before + line.length <= 119) return line;
    return `[\n${value.map((each) => `${inner}${renderJson(each, inner)}`).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, each]) => `${inner}${JSON.stringify(key)}: ${renderJson(each, inner, key.length + 4)}`,
  );
  return `{\n${entries.join(',\n')}\n${indent}}`;
}

/** Path below the clone -> text of each generated document. */
export const generatedDocuments: ReadonlyMap<string, string> = new Map([
  ['docs/errors.md', renderErrors()],
  ['docs/events.md', renderEvents()],
  ['docs/schema/event.json', `${renderJson(eventJsonSchema(baseContract))}\n`],
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
