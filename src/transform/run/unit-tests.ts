/** Runs unit tests: a model's SQL over given rows, and what it gives set against the expected rows. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { refOf, sourceOf } from '../context/reference-calls.ts';
import { type NodeContext, nodeContext } from '../context/run-context.ts';
import type { RunShared, Substitutes } from '../context/run-settings.ts';
import { Session } from '../context/session.ts';
import { Table } from '../context/table.ts';
import { JinjaError } from '../jinja/errors.ts';
import { parseTemplate } from '../jinja/template.ts';
import { Callable, str, toPython, type Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode, ManifestSource, ManifestUnitTest, UnitTestRows } from '../manifest/types.ts';
import { type Compiled, type Cte, withCtes } from './compile.ts';
import type { CompiledText } from './errors.ts';
import { endedResult, type Outcome, Stopwatch } from './node-result.ts';
import { attempt, materialize, type RunContext } from './node-run.ts';
import type { NodeResult } from './results.ts';
import { rowDifference } from './row-difference.ts';
import { lineOfUnitTest } from './test-line.ts';
import type { Worker } from './workers.ts';

/** An input of a unit test: the node it stands for, the name of its CTE, and its rows. */
interface Input {
  readonly id: string;
  readonly node: ManifestNode;
  readonly cte: string;
  readonly rows: UnitTestRows;
}

const fail = (message: string): never => {
  throw new JinjaError('HostError', message);
};

/** A source as a node, for the macros that ask for its columns. */
const nodeOfSource = (source: ManifestSource, model: ManifestNode): ManifestNode => ({
  ...model,
  ...source,
  resource_type: 'model',
  alias: source.identifier,
  config: model.config,
  depends_on: { macros: [], nodes: [] },
});

/** The node that an input names: ref(...), source(...) or this. */
function inputOf(shared: RunShared, model: ManifestNode, rows: UnitTestRows): Input {
  if (rows.input.trim() === 'this') return { id: 'this', node: model, cte: model.alias, rows };
  const { uses } = parseTemplate(`{{ ${rows.input} }}`, model.original_file_path);
  const [ref] = uses.refs;
  if (ref) {
    const node = shared.references.node(refOf(ref.args, ref.kwargs), model.package_name);
    return { id: node.unique_id, node, cte: node.alias, rows };
  }
  const [call] = uses.sources;
  if (!call) return fail(`the input '${rows.input}' of a unit test is none of ref(...), source(...) and this`);
  const [sourceName, tableName] = sourceOf(call.args);
  const source = shared.references.source(sourceName, tableName, model.package_name);
  return { id: source.unique_id, node: nodeOfSource(source, model), cte: `${sourceName}__${tableName}`, rows };
}

/** The rows that are given as data; those of SQL are none. */
const rowsOf = ({ rows }: Pick<UnitTestRows, 'rows'>): readonly JsonMap[] =>
  rows === null || typeof rows === 'string' ? [] : rows;

/** The SQL of an input's rows. */
async function fixtureSql(shared: RunShared, session: Session, { node, rows }: Input): Promise<string> {
  const context = nodeContext(shared, { node, session });
  if (rows.format === 'sql')
    return context.render(typeof rows.rows === 'string' ? rows.rows : '', node.original_file_path);
  const macro = context.macro('get_fixture_sql') ?? fail('there is no macro get_fixture_sql');
  return str(await macro.call([toPython(rowsOf(rows)), null], new Map()));
}

/** Macros that a unit test overrides give its values, whatever they are called with. */
const overridden = (macros: JsonMap | undefined): ReadonlyMap<string, Value> =>
  new Map(Object.entries(macros ?? {}).map(([name, value]) => [name, new Callable(name, () => toPython(value))]));

/** The model as the unit test renders it. */
function nodeOfTest(test: ManifestUnitTest, model: ManifestNode): ManifestNode {
  const { expect } = test;
  const expected =
    expect.format === 'sql'
      ? { expected_rows: [], expected_sql: expect.rows }
      : { expected_rows: rowsOf(expect), expected_sql: null };
  return {
    ...model,
    unique_id: test.unique_id,
    name: test.name,
    config: {
      ...model.config,
      ...expected,
      materialized: 'unit',
      'pre-hook': [],
      'post-hook': [],
      contract: { enforced: false },
    } as unknown as ManifestNode['config'],
  };
}

async function compile(
  context: RunContext,
  session: Session,
  node: ManifestNode,
  test: ManifestUnitTest,
  inputs: readonly Input[],
): Promise<Compiled> {
  const { shared } = context;
  const substitutes: Substitutes = {
    ctes: new Map(inputs.map(({ id, cte }) => [id, cte])),
    self: inputs.find(({ id }) => id === 'this')?.cte,
  };
  const { overrides } = test;
  const rendering: NodeContext = nodeContext(shared, {
    node,
    session,
    substitutes,
    extra: overridden(overrides?.macros),
    ...(overrides ? { vars: overrides.vars, env: overrides.env_vars } : {}),
  });
  const own = await rendering.render(node.raw_code, node.original_file_path);
  const ctes: Cte[] = [];
  for (const id of rendering.ctes) {
    const input = inputs.find((one) => one.id === id);
    if (input) ctes.push({ name: `__dbt__cte__${input.cte}`, sql: await fixtureSql(shared, session, input) });
  }
  return { own, ctes, sql: withCtes(own, ctes) };
}

/** The rows of one side, as texts. */
function side(table: Table, which: 'actual' | 'expected'): readonly (readonly (string | null)[])[] {
  const marker = table.names.length - 1;
  return table.data
    .filter((row) => row[marker] === which)
    .map((row) => row.slice(0, marker).map((value) => (value === null ? null : str(value))));
}

function judge(built: NodeContext): Outcome {
  const main = built.result('main');
  const table = main instanceof Map ? main.get('table') : undefined;
  if (!(table instanceof Table)) return fail('the materialization of unit tests gave no rows');
  const names = table.names.slice(0, -1);
  const difference = rowDifference(names, side(table, 'actual'), side(table, 'expected'));
  if (difference === undefined) return { status: 'pass', message: null, failures: 0 };
  return { status: 'fail', message: `actual differs from expected:\n\n${difference}\n`, failures: 1 };
}

/** Where a test is declared, for what is wrong with its rows. */
const declaration = ({ shared }: RunContext, test: ManifestUnitTest): CompiledText => ({
  path: test.original_file_path,
  line: lineOfUnitTest(test, shared.project.folders.get(test.package_name) ?? ''),
  template: '',
  compiled: '',
});

/** Runs a unit test on a worker's connection. */
export async function runUnitTest(context: RunContext, test: ManifestUnitTest, worker: Worker): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const session = new Session(worker.duckdb, false, context.signal);
  const { shared } = context;
  const model = shared.project.manifest.nodes[test.depends_on.nodes[0] ?? ''];
  let compiled: Compiled | undefined;
  const outcome = await attempt(
    context,
    session,
    async () => {
      if (!model) return fail(`the model ${test.model} of the unit test is not in the manifest`);
      const node = nodeOfTest(test, model);
      const inputs = test.given.map((rows) => inputOf(shared, model, rows));
      compiled = await watch.step('compile', () => compile(context, session, node, test, inputs));
      const extra = new Map<string, Value>();
      const built = await watch.step('execute', () =>
        materialize(
          context,
          { node, session, extra, model: { resource_type: 'unit_test' } as Record<string, JsonValue> },
          compiled,
        ),
      );
      return judge(built.context);
    },
    () =>
      model && compiled
        ? { path: model.original_file_path, template: model.raw_code, compiled: compiled.sql }
        : declaration(context, test),
  );
  const response = outcome.status === 'error' ? {} : { _message: 'OK' };
  return endedResult({ node: test, outcome: { ...outcome, response }, watch, worker, sql: compiled?.sql });
}
