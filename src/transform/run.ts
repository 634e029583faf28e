/** Builds a project in DuckDB: seeds and models in order, tests as soon as all that they read is there. */
import { isDiskFull } from '../kernel/errors.ts';
import type { DuckDB, Row } from '../stores/duckdb/duckdb.ts';
import { type Model, type Project, relationSql, type Seed, type Test } from './manifest.ts';
import { commentStatements, createStatements, type Existing, existingRelations } from './materialize.ts';
import { planBuild, type Step } from './plan.ts';
import { failingRows, failureCounts } from './test-sql.ts';

/** How a seed, model or test ended. A test fails or warns by its severity; error means that its SQL did not run. */
export interface NodeResult {
  readonly name: string;
  readonly kind: 'seed' | 'model' | 'test';
  readonly materialized: 'seed' | 'view' | 'table' | 'test';
  readonly status: 'success' | 'pass' | 'fail' | 'warn' | 'error' | 'skipped';
  /** Rows of the table that was made; a view has none of its own. */
  readonly rows?: number;
  /** How many rows a test found. */
  readonly failures?: number;
  /** As it was run, for a test the select of the failing rows. */
  readonly sql: string;
  /** The first of the rows that a test found, at most five. */
  readonly failingRows?: readonly Row[];
  /** DuckDB's words for an error; for a skipped node what it was skipped for. */
  readonly message?: string;
  /** Wall time; tests that ran in one statement share its time. */
  readonly milliseconds: number;
}

/** The outcome of a build, in the order in which it went. */
export interface BuildResult {
  readonly nodes: readonly NodeResult[];
}

/** Who watches a build. */
export interface BuildHooks {
  /** Is told of each node and test when it has ended. */
  readonly onNode?: (result: NodeResult) => void;
}

/** A build under way. */
interface Build {
  readonly duckdb: DuckDB;
  /** What there is before the build, by the relation's SQL. */
  readonly existing: ReadonlyMap<string, Existing>;
  /** The ids of nodes that failed or were skipped. */
  readonly brokenNodes: Set<string>;
  /** The tests of severity error that found rows, and those whose SQL failed. */
  readonly brokenTests: Set<Test>;
}

type Outcome<Value> = { readonly milliseconds: number } & ({ readonly value: Value } | { readonly problem: string });

/** Runs SQL of the project: what DuckDB objects to is an outcome; a full disk is no node's fault and thrown on. */
async function attempt<Value>(work: () => Promise<Value>): Promise<Outcome<Value>> {
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  try {
    const value = await work();
    return { value, milliseconds: elapsed() };
  } catch (thrown) {
    if (!(thrown instanceof Error) || isDiskFull(thrown)) throw thrown;
    return { problem: thrown.message.trim(), milliseconds: elapsed() };
  }
}

const skippedFor = (obstacle: string) =>
  ({ status: 'skipped', message: `${obstacle} failed or was skipped`, milliseconds: 0 }) as const;

/** Makes a node's relation; gives the number of rows of a table. */
async function create(build: Build, node: Seed | Model, statements: readonly string[]): Promise<number | undefined> {
  const [row] = await build.duckdb.rows<{ readonly Count?: number }>(statements.join(';\n'));
  const comments = commentStatements(node);
  if (comments.length > 0) await build.duckdb.run(comments.join(';\n'));
  return row?.Count;
}

async function runNode(build: Build, node: Seed | Model, guards: readonly Test[]): Promise<NodeResult> {
  const { name, kind, materialized } = node;
  const statements = createStatements(node, build.existing.get(relationSql(node.relation)));
  const base = { name, kind, materialized, sql: statements.join(';\n') };
  const obstacle =
    node.dependsOn.find((id) => build.brokenNodes.has(id)) ?? guards.find((test) => build.brokenTests.has(test))?.name;
  if (obstacle !== undefined) return { ...base, ...skippedFor(obstacle) };
  const outcome = await attempt(() => create(build, node, statements));
  const { milliseconds } = outcome;
  if ('problem' in outcome) return { ...base, status: 'error', message: outcome.problem, milliseconds };
  return { ...base, status: 'success', milliseconds, ...(outcome.value === undefined ? {} : { rows: outcome.value }) };
}

const testBase = (test: Test) => ({ name: test.name, kind: 'test', materialized: 'test', sql: test.sql }) as const;

/** What a test that found `failures` rows comes to; the first of them are fetched. */
async function judge(build: Build, test: Test, failures: number, milliseconds: number): Promise<NodeResult> {
  if (failures === 0) return { ...testBase(test), status: 'pass', failures, milliseconds };
  const status = test.severity === 'warn' ? 'warn' : 'fail';
  const fetched = await attempt(() => build.duckdb.rows(failingRows(test.sql)));
  const rows = 'value' in fetched ? { failingRows: fetched.value } : { message: fetched.problem };
  return { ...testBase(test), status, failures, ...rows, milliseconds: milliseconds + fetched.milliseconds };
}

type FailureCount = { readonly test: number; readonly failures: number };

/** Runs tests as one statement; when DuckDB objects to it, one by one, so that only those at fault end with an error. */
async function judgeAll(build: Build, tests: readonly Test[]): Promise<readonly NodeResult[]> {
  const counted = await attempt(() => build.duckdb.rows<FailureCount>(failureCounts(tests.map((test) => test.sql))));
  const milliseconds = counted.milliseconds / tests.length;
  const results: NodeResult[] = [];
  for (const [index, test] of tests.entries()) {
    if ('value' in counted) {
      const failures = counted.value.find((row) => row.test === index)?.failures;
      if (failures === undefined) throw new Error(`the test ${test.name} was not counted`);
      results.push(await judge(build, test, failures, milliseconds));
    } else if (tests.length > 1) {
      results.push(...(await judgeAll(build, [test])));
    } else {
      results.push({ ...testBase(test), status: 'error', message: counted.problem, milliseconds });
    }
  }
  return results;
}

async function runTests(build: Build, tests: readonly Test[]): Promise<readonly NodeResult[]> {
  const obstacleOf = (test: Test): string | undefined => test.dependsOn.find((id) => build.brokenNodes.has(id));
  const ready = tests.filter((test) => obstacleOf(test) === undefined);
  const judged = ready.length > 0 ? await judgeAll(build, ready) : [];
  judged.forEach((result, index) => {
    const test = ready[index];
    if (test && (result.status === 'fail' || result.status === 'error')) build.brokenTests.add(test);
  });
  const skipped = tests.flatMap((test) => {
    const obstacle = obstacleOf(test);
    return obstacle === undefined ? [] : [{ ...testBase(test), ...skippedFor(obstacle) }];
  });
  return [...judged, ...skipped];
}

async function runStep(build: Build, { node, tests, guards }: Step): Promise<readonly NodeResult[]> {
  if (!node) return runTests(build, tests);
  const result = await runNode(build, node, guards);
  if (result.status !== 'success') build.brokenNodes.add(node.id);
  return [result, ...(await runTests(build, tests))];
}

async function existingOf(duckdb: DuckDB): Promise<ReadonlyMap<string, Existing>> {
  const rows = await duckdb.rows<{ schema: string; name: string; kind: Existing }>(existingRelations());
  return new Map(
    rows.map(({ schema, name, kind }) => [relationSql({ database: undefined, schema, identifier: name }), kind]),
  );
}

/**
 * Builds all of a project. A node that fails is a result, not an exception: what depends on it is skipped, as is what
 * lies below a failed test of severity error; the caller decides what to make of the whole. A full disk throws.
 */
export async function buildProject(project: Project, duckdb: DuckDB, hooks: BuildHooks = {}): Promise<BuildResult> {
  const build: Build = {
    duckdb,
    existing: await existingOf(duckdb),
    brokenNodes: new Set(),
    brokenTests: new Set(),
  };
  const nodes: NodeResult[] = [];
  for (const step of planBuild(project)) {
    const results = await runStep(build, step);
    for (const result of results) hooks.onNode?.(result);
    nodes.push(...results);
  }
  return { nodes };
}
