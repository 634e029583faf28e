/** Column lineage of compiled models: what each column is made of, and what decides about each relation's rows. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import {
  type Expression,
  expressionTexts,
  type Parsed,
  parseStatements,
  type QueryNode,
  unnamedExpressions,
} from './ast.ts';
import { type Catalog, type CatalogColumn, createCatalog, type RelationName, relationId } from './catalog.ts';
import { resolveStatement } from './query.ts';
import type { Context } from './scope.ts';
import {
  fold,
  type NamedValue,
  type Parent,
  type Relation,
  type RowDependency,
  unknown,
  type Value,
} from './values.ts';

/** A model as lineage needs it: the relation that it becomes, and its SELECT. */
export interface CompiledModel {
  readonly name: string;
  readonly relation: RelationName;
  readonly sql: string;
}

/** What one column is made of. */
export interface ColumnLineage {
  readonly name: string;
  /** Direct parents, sorted; a model of this project or a source of it stands between here and theirs. */
  readonly parents: readonly Parent[];
  /** The SQL that last changed the value, in the names of the part of the query where it stands. */
  readonly expression?: string;
  /** Who makes a value that no column brings. */
  readonly madeBy?: string;
  /** Why not all of its parents are known. */
  readonly unresolved?: string;
}

/** What one relation is made of. */
export interface RelationLineage {
  /** As in `relationId`. */
  readonly id: string;
  readonly name: string;
  /** Of a column: the relation's way is declared, or read from its SQL. */
  readonly kind: 'declared' | 'model';
  /** In the relation's order. */
  readonly columns: readonly ColumnLineage[];
  /** Columns that decide about its rows. */
  readonly rows: readonly RowDependency[];
  /** The relations that it reads, sorted. */
  readonly reads: readonly string[];
  /** Why conditions about its rows could not all be followed. */
  readonly problems: readonly string[];
}

const byName = (left: { relation: string; column: string }, right: { relation: string; column: string }): number =>
  left.relation.localeCompare(right.relation, 'en') || left.column.localeCompare(right.column, 'en');

/** A model's columns before their expressions are written out. */
interface Resolved {
  readonly model: CompiledModel;
  readonly columns: readonly NamedValue[];
  readonly rows: readonly RowDependency[];
  readonly reads: readonly string[];
  readonly problems: readonly string[];
}

/** Values of expressions over constants that choose names, by the expressions' JSON. */
type Answers = Map<string, readonly string[]>;

/** Lets DuckDB evaluate expressions over constants that give lists of names; [] where one cannot be evaluated. */
async function ask(duckdb: DuckDB, questions: readonly Expression[], answers: Answers): Promise<void> {
  const texts = await expressionTexts(duckdb, questions);
  for (const [place, question] of questions.entries()) {
    const rows = await duckdb
      .rows<{ names: readonly string[] | null }>(`SELECT ${texts[place] || 'NULL'} AS names`)
      .catch(() => []);
    answers.set(JSON.stringify(question), rows[0]?.names ?? []);
  }
}

interface Surroundings {
  readonly duckdb: DuckDB;
  readonly catalog: Catalog;
  readonly aggregates: ReadonlySet<string>;
  readonly macros: ReadonlySet<string>;
  /** The names that DuckDB gives to expressions without alias. */
  readonly names: ReadonlyMap<Expression, string>;
}

async function namesOf(duckdb: DuckDB, trees: readonly Parsed[]): Promise<ReadonlyMap<Expression, string>> {
  const unnamed = unnamedExpressions(trees);
  const texts = await expressionTexts(duckdb, unnamed);
  return new Map(unnamed.map((expression, place) => [expression, texts[place] ?? '']));
}

interface Findings {
  readonly relation: Relation;
  readonly reads: ReadonlySet<string>;
  readonly problems: ReadonlySet<string>;
}

/** Follows a statement; again each time that DuckDB had to be asked which columns COLUMNS(...) means. */
async function follow(
  { duckdb, catalog, aggregates, macros, names }: Surroundings,
  node: QueryNode,
): Promise<Findings> {
  const answers: Answers = new Map();
  for (;;) {
    const questions: Expression[] = [];
    const reads = new Set<string>();
    const problems = new Set<string>();
    const given: Omit<Context, 'evaluate' | 'resolveQuery'> = {
      catalog,
      aggregates,
      macros,
      nameOf: (expression) => names.get(expression) ?? '',
      chosenNames: (expression) => {
        const answer = answers.get(JSON.stringify(expression));
        if (!answer) questions.push(expression);
        return answer ?? [];
      },
      onRead: (id) => reads.add(id),
      onProblem: (reason) => problems.add(reason),
    };
    const relation = resolveStatement(node, given);
    if (questions.length === 0) return { relation, reads, problems };
    await ask(duckdb, questions, answers);
  }
}

/** Columns of a select among which some stand whose names only the built relation tells. */
function fillRest({ columns, rest }: Relation, built: readonly string[]): readonly NamedValue[] {
  const named = (name: string): Value | undefined =>
    columns.find((column) => fold(column.name) === fold(name)) ?? rest?.find(name);
  const position = rest?.position ?? -1;
  const missing = built.length - columns.length;
  return built.map((name, place) => {
    const isFromRest = position >= 0 && place >= position && place < position + missing;
    const after = place >= position + missing ? columns[place - missing] : columns[place];
    const value = position < 0 ? named(name) : isFromRest ? rest?.find(name) : after;
    return { ...(value ?? unknown('its place in the select is not known')), name };
  });
}

/** The columns of a select under the names of the built relation; without one, under their own. */
function underBuiltNames(relation: Relation, built: readonly CatalogColumn[] | undefined): readonly NamedValue[] {
  if (!built) return relation.columns;
  const names = built.map(({ name }) => name);
  if (relation.rest) return fillRest(relation, names);
  const { columns } = relation;
  return names.map((name, place) => {
    const same = (column: NamedValue): boolean => fold(column.name) === fold(name);
    const here = columns.length === names.length ? columns[place] : undefined;
    const value = here && same(here) ? here : (columns.find(same) ?? here);
    return { ...(value ?? unknown('the relation was built of other columns than its SQL has now')), name };
  });
}

async function resolveModel(surroundings: Surroundings, model: CompiledModel, parsed: Parsed): Promise<Resolved> {
  const built = surroundings.catalog.find(model.relation)?.columns;
  if ('problem' in parsed) {
    const columns = (built ?? []).map(({ name }) => ({ ...unknown(parsed.problem), name }));
    return { model, columns, rows: [], reads: [], problems: [parsed.problem] };
  }
  const { relation, reads, problems } = await follow(surroundings, parsed.node);
  return {
    model,
    columns: underBuiltNames(relation, built),
    rows: [...relation.rows.values()].sort(byName),
    reads: [...reads].sort(),
    problems: [...problems],
  };
}

/** A column whose value some expression made; one that is taken as it is has none. */
const hasOwnExpression = ({ parents }: Value): boolean =>
  parents.size === 0 || [...parents.values()].some(({ use }) => use !== 'unchanged');

async function writeOut(duckdb: DuckDB, resolved: readonly Resolved[]): Promise<readonly RelationLineage[]> {
  const made = resolved.flatMap(({ columns }) =>
    columns.filter(hasOwnExpression).flatMap(({ expression }) => expression ?? []),
  );
  const expressions = [...new Set(made)];
  const texts = await expressionTexts(duckdb, expressions);
  const textOf = new Map(expressions.map((expression, place) => [expression, texts[place] ?? '']));
  return resolved.map(({ model, columns, ...rest }) => ({
    id: relationId(model.relation),
    name: model.name,
    kind: 'model',
    columns: columns.map((value) => {
      const text = hasOwnExpression(value) && value.expression ? textOf.get(value.expression) : '';
      return {
        name: value.name,
        parents: [...value.parents.values()].sort(byName),
        ...(text ? { expression: text } : {}),
        ...(value.unresolved === undefined ? {} : { unresolved: value.unresolved }),
      };
    }),
    ...rest,
  }));
}

interface KnownFunction {
  readonly name: string;
  readonly kind: 'aggregate' | 'macro';
}

const listFunctions = `SELECT DISTINCT lower(function_name) AS name, if(function_type = 'aggregate', 'aggregate', 'macro') AS kind
FROM duckdb_functions()
WHERE function_type = 'aggregate' OR (function_type IN ('macro', 'table_macro') AND NOT internal)`;

/**
 * The lineage of models, which come in the order in which they are built. A relation that the catalog does not have, as
 * it was not built yet, has the columns of its SQL. The database is only asked to parse; it needs no relation.
 */
export async function resolveLineage(
  duckdb: DuckDB,
  catalog: Catalog,
  models: readonly CompiledModel[],
): Promise<readonly RelationLineage[]> {
  const functions = await duckdb.rows<KnownFunction>(listFunctions);
  const named = (wanted: KnownFunction['kind']) =>
    new Set(functions.filter(({ kind }) => kind === wanted).map(({ name }) => name));
  const [aggregates, macros] = [named('aggregate'), named('macro')];
  const trees = await parseStatements(
    duckdb,
    models.map(({ sql }) => sql),
  );
  const names = await namesOf(duckdb, trees);
  const unbuilt: (RelationName & { readonly columns: readonly CatalogColumn[] })[] = [];
  let extended = catalog;
  const resolved: Resolved[] = [];
  for (const [place, model] of models.entries()) {
    const parsed = trees[place] ?? { problem: 'there is no SQL' };
    const made = await resolveModel({ duckdb, catalog: extended, aggregates, macros, names }, model, parsed);
    resolved.push(made);
    if (extended.find(model.relation)) continue;
    unbuilt.push({ ...model.relation, columns: made.columns.map(({ name }) => ({ name, type: '' })) });
    const added = createCatalog('', unbuilt);
    extended = { find: (name) => catalog.find(name) ?? added.find(name) };
  }
  return writeOut(duckdb, resolved);
}
