/** `millrace lineage`: where a column comes from and what depends on it, from the files to the marts. */
import { dirname, resolve } from 'node:path';
import Table from 'cli-table3';
import { Command } from 'commander';
import { origins } from '../ingest/origins.ts';
import { MillraceError, problemOf } from '../kernel/errors.ts';
import { readCatalog } from '../transform/lineage/catalog.ts';
import { resolveDeclared } from '../transform/lineage/declared.ts';
import { toDocument, writeLineage } from '../transform/lineage/document.ts';
import { createGraph, type Figure, figuresOf, findNamed, noSuchColumn, type Step } from '../transform/lineage/graph.ts';
import { type RelationLineage, resolveLineage } from '../transform/lineage/lineage.ts';
import type { ColumnName, RowDependency, RowUse } from '../transform/lineage/values.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';

interface Words {
  readonly down?: true;
  readonly output?: string;
  readonly json?: true;
}

const examples = `
A column is named with its relation: a model, a source (production.customers), a table of PostgreSQL
(postgres:staging.customers) or a file (file:customers.csv). Without a column: how many columns of each model are resolved.

Examples:
  millrace lineage dim_customers.email_domain
  millrace lineage --down file:customers.csv.email
  millrace lineage --output lineage.json`;

/** Longer expressions are left out of the tree; JSON has them all. */
const longest = 90;

const nameOf = ({ relation, column }: ColumnName): string => `${relation}.${column}`;

const isShort = (expression: string | undefined): expression is string =>
  expression !== undefined && expression.length <= longest && !expression.includes('\n');

/** What a line says of a column behind its name. */
function remarks({ expression, madeBy, unresolved, again, use }: Step, down: boolean): string {
  return [
    isShort(expression) ? ` = ${expression}` : expression === undefined ? '' : ' = ...',
    down && use === 'conditional' ? ' (decided by it)' : '',
    madeBy === undefined || /^the (file|event)$/.test(madeBy) ? '' : ` (made by ${madeBy})`,
    unresolved === undefined ? '' : ` (unresolved: ${unresolved})`,
    again ? ' (see above)' : '',
  ].join('');
}

/** Columns by relation: `t (a, b), u (c)`. */
function listColumns(names: readonly ColumnName[]): string {
  const byRelation = Map.groupBy(names, ({ relation }) => relation);
  return [...byRelation]
    .map(([relation, columns]) => `${relation} (${columns.map(({ column }) => column).join(', ')})`)
    .join(', ');
}

function renderStep(step: Step, down: boolean, first: string, further: string): readonly string[] {
  const lead = `${further}${step.next.length > 0 ? '│  ' : '   '}`;
  const decided = step.decidedBy.length > 0 ? [`${lead}decided by ${listColumns(step.decidedBy)}`] : [];
  const children = step.next.flatMap((child, place) => {
    const isLast = place === step.next.length - 1;
    return renderStep(child, down, `${further}${isLast ? '└─ ' : '├─ '}`, `${further}${isLast ? '   ' : '│  '}`);
  });
  return [`${first}${nameOf(step)}${remarks(step, down)}`, ...decided, ...children];
}

function renderRows(relation: string, rows: readonly RowDependency[]): readonly string[] {
  if (rows.length === 0) return [];
  const uses = Map.groupBy(rows, ({ by }) => by.join(', '));
  return [
    '',
    `Rows of ${relation} depend on:`,
    ...[...uses].map(([by, columns]) => `  ${by}: ${listColumns(columns)}`),
  ];
}

function renderFigures(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['model', 'columns', 'resolved'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { relation, columns, resolved } of figures) table.push([relation, columns, resolved]);
  const sum = (count: (figure: Figure) => number): number => figures.reduce((total, each) => total + count(each), 0);
  const [columns, resolved] = [sum((each) => each.columns), sum((each) => each.resolved)];
  const share = columns === 0 ? '' : ` (${((100 * resolved) / columns).toFixed(1)} %)`;
  return `${table.toString()}\n${resolved} of ${columns} columns are resolved${share}.\n`;
}

/** The lineage of the project, with what stands before the models. */
async function wholeLineage(app: App): Promise<readonly RelationLineage[]> {
  return app.withWarehouse(async (duckdb) => [
    ...(await resolveDeclared(duckdb, origins)),
    ...(await resolveLineage(duckdb, await readCatalog(duckdb), await app.compiledModels(duckdb))),
  ]);
}

async function writeFile(app: App, lineage: readonly RelationLineage[], file: string): Promise<void> {
  const path = resolve(file);
  try {
    await writeLineage(path, lineage);
  } catch (thrown) {
    throw new MillraceError('MR-DSK-002', { path: dirname(path), problem: problemOf(thrown) }, thrown);
  }
  app.output.note(`Written: ${path}`);
}

interface DependentRows {
  readonly relation: string;
  readonly by: readonly RowUse[];
}

/** The relations whose rows a column decides about. */
const dependentRows = (lineage: readonly RelationLineage[], name: ColumnName): readonly DependentRows[] =>
  lineage.flatMap(({ id, rows }) =>
    rows
      .filter(({ relation, column }) => relation === name.relation && column === name.column)
      .map(({ by }) => ({ relation: id, by })),
  );

const renderDependentRows = (rows: readonly DependentRows[]): readonly string[] =>
  rows.length === 0
    ? []
    : ['', 'It decides about rows of:', ...rows.map(({ relation, by }) => `  ${relation} (${by.join(', ')})`)];

/** The way of one column as text. */
function tellWay(lineage: readonly RelationLineage[], text: string, { down, json }: Words): string {
  const graph = createGraph(lineage);
  const name = findNamed(graph, text);
  if (!name) throw noSuchColumn(lineage, graph, text);
  if (down) {
    const rows = dependentRows(lineage, name);
    const step = graph.down(name);
    if (json) return `${JSON.stringify({ ...step, rows }, null, 2)}\n`;
    return `${[...renderStep(step, true, '', ''), ...renderDependentRows(rows)].join('\n')}\n`;
  }
  const rows = lineage.find(({ id }) => id === name.relation)?.rows ?? [];
  const step = graph.up(name);
  if (json) return `${JSON.stringify({ ...step, rows }, null, 2)}\n`;
  return `${[...renderStep(step, false, '', ''), ...renderRows(name.relation, rows)].join('\n')}\n`;
}

async function lineage(app: App, column: string | undefined, words: Words): Promise<void> {
  app.output.progress('Following columns');
  const found = await wholeLineage(app);
  app.output.settle();
  if (words.output !== undefined) await writeFile(app, found, words.output);
  if (column !== undefined) app.output.print(tellWay(found, column, words));
  else
    app.output.print(words.json ? `${JSON.stringify(toDocument(found), null, 2)}\n` : renderFigures(figuresOf(found)));
}

/** The command. */
export const lineageCommand = (app: () => App): Command =>
  new Command('lineage')
    .description('where a column comes from, from the raw file to the marts')
    .argument('[column]', 'such as dim_customers.email_domain')
    .option('--down', 'what depends on the column instead')
    .option('--output <file>', 'write all of the lineage as JSON to a file')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action((column: string | undefined, words: Words) => lineage(app(), column, words));
