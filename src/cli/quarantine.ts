/** `millrace quarantine`: rows that broke a rule; set what is wrong with them and have them judged again. */
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type BookedTable, lakeTables, tableNames } from '../contracts/tables.ts';
import { renderResult, visible } from '../exports/tables.ts';
import type { ReplayResult } from '../ingest/csv/rejudge.ts';
import { readEditedRows } from '../ingest/production/edited-rows.ts';
import {
  columnsOf,
  type HeldDetails,
  type HeldFilter,
  type HeldRow,
  listQuarantine,
  showQuarantine,
  summariseQuarantine,
} from '../ingest/production/quarantine.ts';
import { MillraceError } from '../kernel/errors.ts';
import { fix, replay } from '../pipeline/corrections.ts';
import type { App } from './app.ts';
import { jsonOption, parseCount } from './options.ts';
import { number, printResult, tableStyle } from './print.ts';

interface FilterWords {
  readonly batch?: string;
  readonly table?: BookedTable;
  readonly rule?: string;
  readonly limit?: number;
  readonly json?: true;
  readonly csv?: true;
}

const batchOption = (): Option => new Option('--batch <id>', 'only rows of this batch');
const tableOption = (): Option =>
  new Option('--table <name>', 'only rows of this table').choices([...tableNames, ...lakeTables]);
const ruleOption = (): Option => new Option('--rule <id>', 'only rows that break this rule');

function parseId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give the id that `quarantine list` shows.');
  return Number(text);
}

/** Of a line that holds an event a terminal is shown so much in a list; `quarantine show` has it whole. */
const shownOfLine = 200;

/** A row's content as a person reads it: what was set stands in place of what was received. */
function contentOf(row: HeldRow): string {
  if (row.table === 'events') {
    const { record, ...fields } = row.fixed ?? {};
    const line = visible(record ?? row.content.record ?? '');
    const cut = line.length > shownOfLine ? `${line.slice(0, shownOfLine)}…` : line;
    const set = Object.entries(fields).map(([name, value]) => `${name}=${visible(value)} (set)`);
    return [record === undefined ? cut : `${cut} (set)`, ...set].join(', ');
  }
  const pairs = valuesOf(row).filter(([, value]) => value !== null && value !== '');
  return pairs
    .map(([name, value]) => `${name}=${visible(value)}${row.fixed && name in row.fixed ? ' (set)' : ''}`)
    .join(', ');
}

/** The columns of a row in the order of its table, then what else it has, with the values that stand now. */
function valuesOf({ table, content, fixed }: HeldRow): readonly (readonly [string, string | null])[] {
  const values: Readonly<Record<string, string | null>> = { ...content, ...fixed };
  const ordered = table === null ? [] : columnsOf(table);
  const others = Object.keys(values).filter((name) => !ordered.includes(name));
  return [...ordered.filter((name) => name in values), ...others].map((name) => [name, values[name] ?? null]);
}

function renderRows(rows: readonly HeldRow[]): string {
  const table = new Table({
    head: ['id', 'table', 'file', 'line', 'rules', 'content'],
    colAligns: ['right', 'left', 'left', 'right', 'left', 'left'],
    colWidths: [null, null, null, null, null, 70],
    wordWrap: true,
    // A line of JSON has few blanks to be broken at.
    wrapOnWordBoundary: !rows.some((row) => row.table === 'events'),
    style: tableStyle,
  });
  for (const row of rows) {
    table.push([
      String(row.id),
      row.table ?? '',
      visible(row.file),
      String(row.line),
      row.rules.join('\n'),
      contentOf(row),
    ]);
  }
  return table.toString();
}

/** The rows of one table as CSV, to be edited and given to `quarantine replay --from`. */
function renderCsv(rows: readonly HeldRow[], table: BookedTable | undefined): string {
  if (!table) {
    throw new MillraceError('MR-CLI-001', {
      problem: '--csv needs --table, for tables differ in their columns.',
      help: 'millrace quarantine list --help',
    });
  }
  const names = table === 'events' ? ['record'] : columnsOf(table);
  const columns = ['id', 'file', 'line', 'rules', ...names].map((name) => ({
    name,
    type: name === 'id' || name === 'line' ? 'BIGINT' : 'VARCHAR',
  }));
  const plain = rows.map((row) => ({
    ...Object.fromEntries(names.map((name) => [name, row.fixed?.[name] ?? row.content[name] ?? null])),
    id: row.id,
    file: row.file,
    line: row.line,
    rules: row.rules.join(' '),
  }));
  return renderResult({ columns, rows: plain }, 'csv');
}

/** How many rows a terminal is shown. */
const shownRows = 20;

const filterOf = ({ batch, table, rule }: FilterWords): HeldFilter => ({
  ...(batch === undefined ? {} : { batch }),
  ...(table === undefined ? {} : { table }),
  ...(rule === undefined ? {} : { rule }),
});

async function list(app: App, words: FilterWords): Promise<void> {
  const everything = words.json || words.csv;
  const limit = words.limit ?? (everything ? undefined : shownRows);
  const filter = { ...filterOf(words), ...(limit === undefined ? {} : { limit }) };
  const { rows, summary } = await app.withPipeline(async ({ postgres, eventContract }) => ({
    rows: await listQuarantine(postgres, filter),
    summary: await summariseQuarantine(postgres, eventContract, filter),
  }));
  app.output.settle();
  if (words.json) {
    app.output.print(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  if (words.csv) {
    app.output.print(renderCsv(rows, words.table));
    return;
  }
  if (summary.open === 0) {
    const asked = Object.keys(filterOf(words)).length > 0;
    app.output.print(asked ? 'No row in quarantine is meant by that.\n' : 'Quarantine is empty.\n');
    return;
  }
  const rules = summary.rules.map(
    ({ rule, rows: broken, message }) => `${number.format(broken).padStart(8)}  ${rule}: ${message}`,
  );
  const shown = `${number.format(rows.length)} of ${number.format(summary.open)} rows in quarantine`;
  app.output.print(`${renderRows(rows)}\n${shown}. By rule:\n${rules.join('\n')}\n`);
}

/** A held event: its line as received, and what was set on it. */
function renderEvent({ content, fixed }: HeldRow): string {
  const set = Object.entries(fixed ?? {}).map(([name, value]) => `  ${name}: ${visible(value)}`);
  return [visible(content.record ?? ''), ...(set.length > 0 ? ['Set:', ...set] : [])].join('\n');
}

function renderShow(row: HeldDetails): string {
  const table = new Table({ head: ['column', 'received', 'set'], style: tableStyle });
  for (const [name, value] of row.table === 'events' ? [] : valuesOf(row)) {
    table.push([name, visible(row.content[name]), row.fixed && name in row.fixed ? visible(value) : '']);
  }
  const waiting =
    row.dependents.length > 0
      ? `Waiting for it: ${number.format(row.dependents.length)}.\n${renderRows(row.dependents.slice(0, shownRows))}\n`
      : 'No row waits for it.\n';
  const state = row.state === 'open' ? '' : ' It was let in.';
  const title = `Row ${row.id}: ${visible(row.file)}, line ${row.line}, of ${row.batch}.${state}\nRules: ${row.rules.join(', ')}`;
  if (row.table === 'events') return `${title}\n${renderEvent(row)}\n`;
  return `${title}\n${table.toString()}\n${waiting}`;
}

/** `column=value`, collected. */
function collectValue(word: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const place = word.indexOf('=');
  if (place < 1) throw new InvalidArgumentError('Give it as column=value.');
  return { ...before, [word.slice(0, place)]: word.slice(place + 1) };
}

interface FixWords {
  readonly set: Readonly<Record<string, string>>;
  readonly json?: true;
}

async function fixRow(app: App, id: number, words: FixWords): Promise<void> {
  const [row] = await app.withPipeline((context) => fix(context, new Map([[id, words.set]])));
  printResult(
    app,
    words,
    row,
    () => `Row ${id} is set: ${row ? contentOf(row) : ''}\n\`millrace quarantine replay ${id}\` judges it again.\n`,
  );
}

interface ReplayWords extends FilterWords {
  readonly from?: string;
}

function renderReplay({ tables, followed }: ReplayResult): string {
  const touched = tables.filter(({ replayed }) => replayed > 0);
  if (touched.length === 0) return 'No row in quarantine is meant by that.\n';
  const lines = touched.map(
    ({ table, replayed, released, held }) =>
      `  ${table}: ${number.format(replayed)} judged again, ${number.format(released)} let in, ${number.format(held)} still held`,
  );
  const more = followed > 0 ? [`  Let in with them, for they had waited: ${number.format(followed)}.`] : [];
  return ['Replayed:', ...lines, ...more, 'The published figures follow with `millrace build`.', ''].join('\n');
}

async function replayRows(app: App, ids: readonly number[], words: ReplayWords): Promise<void> {
  const { from } = words;
  const result = await app.withPipeline(async (context) => {
    const edited = from === undefined ? undefined : await readEditedRows(context, from);
    if (edited && edited.size > 0) await fix(context, edited);
    const chosen = edited ? [...edited.keys()] : ids;
    const named = chosen.length > 0 || edited !== undefined ? { ids: chosen } : {};
    const onlyFixed = chosen.length === 0 && Object.keys(filterOf(words)).length === 0 ? { fixedOnly: true } : {};
    return replay(context, { ...filterOf(words), ...named, ...onlyFixed });
  });
  printResult(app, words, result, renderReplay);
}

/** The command. */
export function quarantineCommand(app: () => App): Command {
  const listing = new Command('list')
    .description('the rows that are held, with what was received, where, and the rules they break')
    .addOption(batchOption())
    .addOption(tableOption())
    .addOption(ruleOption())
    .addOption(new Option('--limit <count>', `at most so many rows; on a terminal ${shownRows}`).argParser(parseCount))
    .addOption(jsonOption().conflicts('csv'))
    .option('--csv', 'the rows of --table as CSV, to be edited and replayed')
    .action((words: FilterWords) => list(app(), words));
  const show = new Command('show')
    .description('one row: its text, its rules, and what waits for it')
    .argument('<id>', 'the id of the row', parseId)
    .addOption(jsonOption())
    .action(async (id: number, words: FilterWords) => {
      const row = await app().withPipeline(({ postgres }) => showQuarantine(postgres, id));
      printResult(app(), words, row, renderShow);
    });
  const fixing = new Command('fix')
    .description('set columns of a row; a replay then judges it again')
    .argument('<id>', 'the id of the row', parseId)
    .addOption(
      new Option('--set <column=value>', 'what to set; may be given several times; an empty value is none')
        .argParser(collectValue)
        .makeOptionMandatory(),
    )
    .addOption(jsonOption())
    .action((id: number, words: FixWords) => fixRow(app(), id, words));
  const replaying = new Command('replay')
    .description('judge held rows again: those named, those of a rule, or all on which something was set')
    .argument('[ids...]', 'the ids of rows', (text: string, before: readonly number[] = []) => [
      ...before,
      parseId(text),
    ])
    .addOption(batchOption())
    .addOption(tableOption())
    .addOption(ruleOption())
    .option(
      '--from <file>',
      'a CSV that `quarantine list --csv` wrote and somebody edited: sets what differs, then replays',
    )
    .addOption(jsonOption())
    .action((ids: readonly number[] | undefined, words: ReplayWords) => replayRows(app(), ids ?? [], words));
  return new Command('quarantine')
    .description('list, fix and replay rows that broke a rule')
    .addCommand(listing)
    .addCommand(show)
    .addCommand(fixing)
    .addCommand(replaying)
    .addHelpText(
      'after',
      `
Examples:
  millrace quarantine list --rule transactions.customer_id.referential
  millrace quarantine fix 17 --set email=ada@example.com --set city=London
  millrace quarantine fix 18 --set device_type=mobile             # a field of an event
  millrace quarantine replay
  millrace quarantine replay --rule events.event_type.known       # after contract.yml has the word
  millrace quarantine list --table products --csv > held.csv
  millrace quarantine replay --from held.csv`,
    );
}
