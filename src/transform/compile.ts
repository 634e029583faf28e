/** Second pass: templates become SQL, references relations, declared tests the SQL of their kind. */
import { join } from 'node:path';
import { closest } from 'fastest-levenshtein';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import { checkConfig, fileMistake, folderConfig, testConfig } from './config.ts';
import { collectConfig, configWay, type ModelDraft, nodeName, type SeedDraft, type Workspace } from './drafts.ts';
import { readProjectFile } from './files.ts';
import { type Model, type Relation, relationSql, type Seed, type Test } from './manifest.ts';
import type { DeclaredTest } from './properties.ts';
import { type References, resolvingScope } from './references.ts';
import { type JsonObject, renderValues, type Scope } from './template.ts';
import { type GenericTest, genericTests, testName } from './test-sql.ts';

/** What a test is declared on. */
export interface TestSubject {
  readonly id: string;
  /** As the names of its tests have it: a model's own name, or source and table. */
  readonly name: string;
  readonly kind: 'node' | 'source';
  readonly relation: Relation;
}

/** A model's SQL. Errors: MR-TRF-002 for references, MR-TRF-004 for the template. */
export function compileModel({ templates }: Workspace, references: References, draft: ModelDraft): Model {
  const { name, path, relation, description, columns, config } = draft;
  const { scope, dependsOn } = resolvingScope(references, name, relationSql(relation));
  const sql = templates.render(draft.file, scope);
  return {
    kind: 'model',
    id: name,
    name,
    path,
    relation,
    description,
    columns,
    materialized: config.materialized,
    sql,
    persistDocs: config.persist_docs,
    dependsOn: [...dependsOn],
  };
}

/** A seed with its file. */
export function compileSeed({ root }: Workspace, draft: SeedDraft): Seed {
  const { name, path, relation, description, columns, config } = draft;
  return {
    kind: 'seed',
    materialized: 'seed',
    id: name,
    name,
    path,
    relation,
    description,
    columns,
    file: join(root, path),
    delimiter: config.delimiter,
    columnTypes: config.column_types,
    persistDocs: config.persist_docs,
    dependsOn: [],
  };
}

/** An argument such as `to: ref('x')` is an expression although it has no braces. */
const braced = (value: JsonValue): JsonValue =>
  typeof value === 'string' && /^\s*(env_var|ref|var|source)\s*\(.+\)\s*$/s.test(value) ? `{{ ${value} }}` : value;

/** The kind of a declared test, which has the arguments that it needs and no others. Errors: MR-TRF-001. */
function kindOf(declared: DeclaredTest): GenericTest {
  const kind = genericTests.get(declared.test);
  if (!kind) {
    const nearest = closest(declared.test, [...genericTests.keys()]);
    throw declared.mistake(`the test '${declared.test}' is unknown; did you mean '${nearest}'?`);
  }
  const known = ['column_name', ...kind.required, ...kind.optional];
  const given = Object.keys(declared.arguments);
  const missing = ['column_name', ...kind.required].find((name) => !given.includes(name));
  if (missing !== undefined) throw declared.mistake(`the test ${declared.test} lacks the argument ${missing}`);
  const extra = given.find((name) => !known.includes(name));
  if (extra !== undefined) {
    const nearest = closest(extra, known);
    throw declared.mistake(`the test ${declared.test} has no argument '${extra}'; did you mean '${nearest}'?`);
  }
  return kind;
}

function renderArguments(workspace: Workspace, declared: DeclaredTest, scope: Scope): JsonObject {
  const { column_name: _, ...others } = declared.arguments;
  const given = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, braced(value)]));
  return renderValues(workspace.templates, given, declared.path, scope);
}

/** The test that a YAML file declares; undefined when it is disabled. Errors: MR-TRF-001, MR-TRF-002, MR-TRF-004. */
export function compileDeclaredTest(
  workspace: Workspace,
  references: References,
  declared: DeclaredTest,
  subject: TestSubject,
): Test | undefined {
  const kind = kindOf(declared);
  const column = String(declared.arguments.column_name);
  const prefix = subject.kind === 'source' ? 'source_' : '';
  const name = declared.name ?? testName(prefix + declared.test, subject.name, declared.arguments);
  const { scope, dependsOn } = resolvingScope(references, name, relationSql(subject.relation));
  const folder = [...workspace.definition['model-paths'], ...workspace.definition['seed-paths']].find((path) =>
    declared.path.startsWith(`${path}/`),
  );
  const configs = {
    ...testFolderConfig(workspace, configWay(workspace, folder ?? '', declared.path, name)),
    ...renderValues(workspace.templates, declared.config, declared.path, scope),
  };
  const config = checkConfig(testConfig, configs, declared.mistake);
  if (!config.enabled) return undefined;
  const whole = relationSql(subject.relation);
  const tested = config.where ? `(select * from ${whole} where ${config.where})` : whole;
  const sql = kind.sql(tested, column, renderArguments(workspace, declared, scope));
  return {
    kind: 'test',
    name,
    path: declared.path,
    severity: config.severity,
    sql,
    dependsOn: [...new Set([subject.id, ...dependsOn])],
    generic: { kind: declared.test, subject: subject.id, column },
  };
}

/** The test that a file of the tests folder is; undefined when it is disabled. Errors as for models. */
export function compileTestFile(
  workspace: Workspace,
  references: References,
  folder: string,
  path: string,
): Test | undefined {
  const name = nodeName(path);
  const file = readProjectFile(workspace.root, path);
  const configs = {
    ...testFolderConfig(workspace, configWay(workspace, folder, path, name)),
    ...collectConfig(workspace, file),
  };
  const config = checkConfig(testConfig, configs, fileMistake(path));
  if (!config.enabled) return undefined;
  const { scope, dependsOn } = resolvingScope(references, name, name);
  const sql = workspace.templates.render(file, scope);
  return { kind: 'test', name, path, severity: config.severity, sql, dependsOn: [...dependsOn] };
}

/** What dbt_project.yml says of a test, under `data_tests` or, as it was called before, `tests`. */
const testFolderConfig = ({ definition }: Workspace, way: readonly string[]): JsonObject => ({
  ...folderConfig(definition.tests, way),
  ...folderConfig(definition.data_tests, way),
});
