/** Runs data tests: as many as can be in one statement, the others by the macros of their materialization. */
import type { JsonValue, Row } from '../../stores/duckdb/duckdb.ts';
import { Session } from '../context/session.ts';
import { Table } from '../context/table.ts';
import { fromPython } from '../jinja/values.ts';
import type { ManifestNode } from '../manifest/types.ts';
import type { Compiled } from './compile.ts';
import type { CompiledText } from './errors.ts';
import { endedResult, type Outcome, Stopwatch } from './node-result.ts';
import { attempt, compiledText, compileOn, materialize, noteRelations, type RunContext } from './node-run.ts';
import type { NodeResult, Status } from './results.ts';
import { lineOfTest } from './test-line.ts';
import type { Worker } from './workers.ts';

/** The line of YAML on which a test is declared; undefined for one that is a file of SQL. */
const declaredAt = ({ project }: RunContext['shared'], node: ManifestNode): number | undefined =>
  lineOfTest(node, project.folders.get(node.package_name) ?? '');

/** A test's template beside its SQL, or the line of the YAML that declares it. */
const textOfTest = ({ shared }: RunContext, node: ManifestNode, compiled: Compiled | undefined): CompiledText => ({
  ...compiledText(node, compiled),
  line: declaredAt(shared, node),
});

/** What a test's query counts. */
interface Counts {
  readonly failures: JsonValue;
  readonly should_warn: JsonValue;
  readonly should_error: JsonValue;
}

const macrosOfTests = ['get_test_sql', 'get_limit_sql', 'get_limit_subquery_sql'];

/** Whether the project has macros of its own for how tests are run. */
function testsAreOverridden({ shared }: RunContext): boolean {
  const { macros } = shared.project;
  const names = [
    ...macrosOfTests.flatMap((name) => [name, `default__${name}`, `duckdb__${name}`]),
    'materialization_test_default',
    'materialization_test_duckdb',
  ];
  return macros.packageNames.some(
    (packageName) => packageName !== 'dbt' && names.some((name) => macros.inPackage(packageName, name) !== undefined),
  );
}

const storesFailures = ({ flags }: RunContext, node: ManifestNode): boolean =>
  Boolean(node.config.store_failures ?? flags.STORE_FAILURES);

/** Says which tests can be judged together with others. */
export function batching(context: RunContext): (node: ManifestNode) => boolean {
  const overridden = testsAreOverridden(context);
  return (node) => node.resource_type === 'test' && !overridden && !storesFailures(context, node);
}

const textOf = (value: JsonValue | undefined, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise;

const limited = ({ config }: ManifestNode, sql: string): string =>
  config.limit === null || config.limit === undefined ? sql : `${sql}\nlimit ${String(config.limit)}`;

/** One row: how many failures a test found, and whether they are too many. */
function countSql(node: ManifestNode, sql: string, index: number): string {
  const count = textOf(node.config.fail_calc, 'count(*)');
  const warns = `${count} ${textOf(node.config.warn_if, '!= 0')}`;
  const fails = `${count} ${textOf(node.config.error_if, '!= 0')}`;
  return `select ${index} as test, ${count} as failures, ${warns} as should_warn, ${fails} as should_error
from (
${limited(node, sql)}
) as dbt_internal_test`;
}

const plural = (count: JsonValue): string => `${String(count)} result${Number(count) === 1 ? '' : 's'}`;

/** What the counts come to by the test's severity. */
function judge({ config }: ManifestNode, counts: Counts, warnIsError: boolean): Outcome {
  const severity = textOf(config.severity, 'error').toLowerCase();
  if (counts.failures === null) return { status: 'error', message: 'the fail_calc of the test gave no number' };
  const fails = severity === 'error' && Boolean(counts.should_error);
  const warns = Boolean(counts.should_warn);
  if (!fails && !warns) return { status: 'pass', message: null, failures: 0 };
  const status: Status = fails || warnIsError ? 'fail' : 'warn';
  const rule = fails ? `fail if ${textOf(config.error_if, '!= 0')}` : `warn if ${textOf(config.warn_if, '!= 0')}`;
  return {
    status,
    message: `Got ${plural(counts.failures)}, configured to ${rule}`,
    failures: Number(counts.failures),
  };
}

/** How many of the rows that a test found are kept. */
const keptRows = 5;

/** The first rows that a test found. Rows that cannot be fetched again are left out: the test has been judged without them. */
async function failingRows(session: Session, node: ManifestNode, sql: string): Promise<readonly Row[]> {
  const select = `select * from (\n${limited(node, sql)}\n) limit ${keptRows}`;
  return session.execute(select).then(
    ({ result }) => result.rows,
    () => [],
  );
}

interface Judged {
  readonly node: ManifestNode;
  readonly compiled: Compiled | undefined;
  readonly outcome: Outcome;
  readonly rows?: readonly Row[];
  readonly watch: Stopwatch;
  /** Seconds, when the test shared a statement with others. */
  readonly seconds?: number;
}

const found = ({ status }: Outcome): boolean => status === 'fail' || status === 'warn';

function resultOf(
  { shared }: RunContext,
  { node, compiled, outcome, rows, watch, seconds }: Judged,
  worker: Worker,
): NodeResult {
  const line = found(outcome) ? declaredAt(shared, node) : undefined;
  const response = outcome.status === 'error' ? {} : (outcome.response ?? { _message: 'OK' });
  return {
    ...endedResult({ node, outcome: { ...outcome, response }, watch, worker, sql: compiled?.sql }),
    materialized: 'test',
    ...(line === undefined ? {} : { line }),
    ...(seconds === undefined ? {} : { execution_time: seconds }),
    ...(rows && rows.length > 0 ? { failing_rows: rows } : {}),
  };
}

/** Runs a test by its materialization. */
export async function runTest(context: RunContext, node: ManifestNode, worker: Worker): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const session = new Session(worker.duckdb, false, context.signal);
  let compiled: Compiled | undefined;
  const outcome = await attempt(
    context,
    session,
    async () => {
      compiled = await watch.step('compile', () => context.compiler.compile({ node, session }));
      const built = await watch.step('execute', () => materialize(context, { node, session }, compiled));
      noteRelations(context.shared, built.returned);
      const main = built.context.result('main');
      const table = main instanceof Map ? main.get('table') : undefined;
      const [row = []] = table instanceof Table ? table.data : [];
      const [failures = null, warns = null, fails = null] = row.map(fromPython);
      const counts = { failures: failures === null ? null : Number(failures), should_warn: warns, should_error: fails };
      return judge(node, counts, Boolean(context.flags.WARN_ERROR));
    },
    () => textOfTest(context, node, compiled),
  );
  const rows = found(outcome) && compiled ? await failingRows(session, node, compiled.sql) : [];
  return resultOf(context, { node, compiled, outcome, rows, watch }, worker);
}

interface CompiledTest {
  readonly node: ManifestNode;
  readonly compiled: Compiled;
  readonly watch: Stopwatch;
}

const textFor = (context: RunContext, { node, compiled }: CompiledTest) => textOfTest(context, node, compiled);

/** Judges compiled tests in one statement; when DuckDB objects to it, one by one, so that only those at fault end in error. */
async function judgeTogether(
  context: RunContext,
  session: Session,
  tests: readonly CompiledTest[],
  worker: Worker,
): Promise<readonly NodeResult[]> {
  const started = performance.now();
  const sql = tests.map(({ node, compiled }, index) => countSql(node, compiled.sql, index)).join('\nunion all\n');
  let counted: readonly Row[] = [];
  const whole = await attempt(
    context,
    session,
    async () => {
      counted = (await session.execute(sql)).result.rows;
      return { status: 'success', message: null };
    },
    () => {
      const [first] = tests;
      return first ? textFor(context, first) : { path: '', template: '', compiled: '' };
    },
  );
  if (whole.status === 'error' && tests.length > 1) {
    const results: NodeResult[] = [];
    for (const test of tests) results.push(...(await judgeTogether(context, session, [test], worker)));
    return results;
  }
  const share = (performance.now() - started) / 1000 / tests.length;
  const results: NodeResult[] = [];
  for (const [index, test] of tests.entries()) {
    const counts = counted.find((row) => row.test === index) as (Counts & Row) | undefined;
    const outcome = counts ? judge(test.node, counts, Boolean(context.flags.WARN_ERROR)) : whole;
    const rows = found(outcome) ? await failingRows(session, test.node, test.compiled.sql) : [];
    results.push(resultOf(context, { ...test, outcome, rows, seconds: share }, worker));
  }
  return results;
}

/** Compiles tests and judges them in one statement; a test that cannot be compiled ends in error. */
export async function runTestsTogether(
  context: RunContext,
  nodes: readonly ManifestNode[],
  worker: Worker,
): Promise<readonly NodeResult[]> {
  const session = new Session(worker.duckdb, false, context.signal);
  const ready: CompiledTest[] = [];
  const results: NodeResult[] = [];
  for (const node of nodes) {
    const watch = new Stopwatch(context.clock);
    const text = (): CompiledText => textOfTest(context, node, undefined);
    const { outcome, compiled } = await compileOn(context, { node, session, watch }, text);
    if (compiled) ready.push({ node, compiled, watch });
    else results.push(resultOf(context, { node, compiled, outcome, watch }, worker));
  }
  return ready.length === 0 ? results : [...results, ...(await judgeTogether(context, session, ready, worker))];
}
