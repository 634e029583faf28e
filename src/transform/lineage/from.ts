/** What FROM gives: tables, common tables, subqueries, joins, table functions, lists of values. */
import type { Expression, TableRef } from './ast.ts';
import { relationId } from './catalog.ts';
import { pivoted } from './pivot.ts';
import {
  type Binding,
  type Commons,
  type Context,
  type From,
  findColumn,
  findCommon,
  findUnqualified,
  type Merged,
  noTables,
  type Scope,
  scopeOf,
} from './scope.ts';
import {
  constant,
  either,
  fold,
  joinRows,
  madeOf,
  ownValue,
  type Relation,
  type Rows,
  rowsBy,
  unknown,
  type Value,
} from './values.ts';

/** What a part of FROM can refer to: common tables, what stands to its left, the query around. */
interface Place {
  readonly commons: Commons | undefined;
  readonly left: From;
  readonly outer: Scope | undefined;
}

const noRows: Rows = new Map();

/** Tables side by side. */
const beside = (left: From, right: From): From => ({
  bindings: [...left.bindings, ...right.bindings],
  merged: [...left.merged, ...right.merged],
  rows: joinRows(left.rows, right.rows),
});

/** The expressions of a part of FROM see what stands to its left. */
const scopeAt = ({ left, commons, outer }: Place): Scope => scopeOf(left, commons, outer);

/** A relation as the only table, its first columns renamed. */
function named(
  relation: Relation,
  names: readonly string[],
  table: string,
  where: { readonly schema?: string; readonly database?: string } = {},
): From {
  const columns = relation.columns.map((column, place) => ({ ...column, name: names[place] ?? column.name }));
  const binding: Binding = {
    table,
    schema: where.schema ?? '',
    database: where.database ?? '',
    columns,
    rest: relation.rest,
  };
  return { bindings: [binding], merged: [], rows: relation.rows };
}

/** A relation of which nothing is known but why. */
const unknownRelation = (reason: string): Relation => ({
  columns: [],
  rest: { position: 0, find: () => unknown(reason) },
  rows: noRows,
});

/** Files as a relation: it has whatever column is asked for. */
function filesOf(paths: readonly string[], context: Context): Relation {
  const ids = paths.map((path) => `file:${path}`);
  for (const id of ids) context.onRead(id);
  const find = (name: string): Value => either(ids.map((id) => ownValue(id, name)));
  return { columns: [], rest: { position: 0, find }, rows: noRows };
}

/** What DuckDB takes for the name of a file where no table has the name. */
const fileName = /[\\/]|\.(csv|tsv|parquet|json|jsonl|ndjson|txt)(\.(gz|zst))?$/i;

/** A relation of the catalog, or a file of that name. */
function stored(ref: TableRef, names: readonly string[], alias: string, context: Context): From {
  const { catalog_name: database = '', schema_name: schema = '', table_name: identifier = '' } = ref;
  const found = context.catalog.find({ database, schema, identifier });
  if (found) {
    context.onRead(found.id);
    const columns = found.columns.map(({ name, type }) => ({ ...ownValue(found.id, name, type), name }));
    return named({ columns, rows: noRows }, names, alias, found);
  }
  if (schema === '' && fileName.test(identifier)) return named(filesOf([identifier], context), names, alias);
  const id = relationId({ ...(database === '' ? {} : { database }), schema: schema || 'main', identifier });
  return named(unknownRelation(`there is no relation ${id}`), names, alias);
}

function baseTable(ref: TableRef, place: Place, context: Context): From {
  const {
    catalog_name: database = '',
    schema_name: schema = '',
    table_name: name = '',
    column_name_alias: names = [],
  } = ref;
  // Within a recursive common table that USING KEY is written for, `recurring` has all of its rows so far.
  const isCommon = database === '' && (schema === '' || fold(schema) === 'recurring');
  const common = isCommon ? findCommon(place.commons, name) : undefined;
  const alias = ref.alias || name.replace(fileName, '');
  return common ? named(common, names, alias) : stored(ref, names, alias, context);
}

function subquery(ref: TableRef, place: Place, context: Context): From {
  if (!ref.subquery) return noTables;
  const relation = context.resolveQuery(ref.subquery.node, place.commons, scopeAt(place));
  return named(relation, ref.column_name_alias ?? [], ref.alias);
}

function valueList(ref: TableRef, place: Place, context: Context): From {
  const rows = (ref.values ?? []).map((row) => row.map((each) => context.evaluate(each, scopeAt(place))));
  const columns = (rows[0] ?? []).map((_, index) => ({
    ...either(rows.map((row) => row[index] ?? constant)),
    name: `col${index}`,
  }));
  return named({ columns, rows: noRows }, ref.column_name_alias ?? [], ref.alias);
}

/** Table functions that read files. */
const readsFiles =
  /^(read_(csv|csv_auto|parquet|json|json_auto|json_objects|json_objects_auto|ndjson|ndjson_auto|ndjson_objects|text|blob|xlsx)|parquet_scan)$/;

/** The constants that an argument is, a list of constants or one. */
function texts(argument: Expression | undefined): readonly string[] | undefined {
  if (argument?.class === 'CONSTANT')
    return typeof argument.value?.value === 'string' ? [argument.value.value] : undefined;
  if (argument?.function_name !== 'list_value') return undefined;
  const each = (argument.children ?? []).map(texts);
  return each.every((found) => found !== undefined) ? each.flat() : undefined;
}

/** `header = true` names an option, whatever columns there are. */
const isOption = ({ class: kind, left }: Expression): boolean =>
  kind === 'COMPARISON' && left?.class === 'COLUMN_REF' && left.column_names?.length === 1;

/** Table functions whose rows come of their arguments and of nothing that a model reads. */
const fromArguments = /^(repeat|repeat_row|json_each|json_tree|glob|duckdb_\w+|pragma_\w+)$/;

const singleColumn: Readonly<Record<string, string>> = {
  unnest: 'unnest',
  range: 'range',
  generate_series: 'generate_series',
};

function called(call: Expression, place: Place, context: Context): Relation {
  const { function_name: name = '', children = [] } = call;
  const [first] = children;
  if (readsFiles.test(name)) {
    const paths = texts(first);
    return paths ? filesOf(paths, context) : unknownRelation(`the path that ${name} reads is no constant`);
  }
  if (name === 'query') return unknownRelation('query() runs SQL that is made when it runs');
  const inputs = children.filter((each) => !isOption(each)).map((each) => context.evaluate(each, scopeAt(place)));
  const value = madeOf(inputs, 'transformed');
  const rows = rowsBy(inputs, 'unnest');
  const column = singleColumn[name];
  if (column) return { columns: [{ ...value, name: column }], rows };
  const reason = `what the table function ${name} reads is not known`;
  const isKnown = fromArguments.test(name) && !context.macros.has(name);
  return { columns: [], rest: { position: 0, find: () => (isKnown ? value : { ...value, unresolved: reason }) }, rows };
}

/** query_table('schema.table'). */
function queriedTable(ref: TableRef, [first]: readonly Expression[], context: Context): From {
  const [table, ...others] = texts(first) ?? [];
  const names = ref.column_name_alias ?? [];
  if (table === undefined || others.length > 0) {
    return named(unknownRelation('what query_table reads is no single constant'), names, ref.alias);
  }
  const [schema = '', identifier = ''] = table.includes('.') ? table.split('.') : ['', table];
  const asTable = { type: 'BASE_TABLE', alias: '', schema_name: schema, table_name: identifier };
  return stored(asTable, names, ref.alias || identifier, context);
}

function tableFunction(ref: TableRef, place: Place, context: Context): From {
  if (!ref.function) return noTables;
  if (ref.function.function_name === 'query_table') return queriedTable(ref, ref.function.children ?? [], context);
  const relation = called(ref.function, place, context);
  const ordinality = ref.with_ordinality === 'WITH_ORDINALITY' ? [{ ...constant, name: 'ordinality' }] : [];
  const alias = ref.alias || (ref.function.function_name ?? '');
  return named({ ...relation, columns: [...relation.columns, ...ordinality] }, ref.column_name_alias ?? [], alias);
}

/** The columns that both sides of a NATURAL join have. */
function commonNames(left: From, right: From): readonly string[] {
  const namesOf = ({ bindings }: From) => bindings.flatMap(({ columns }) => columns.map(({ name }) => name));
  const onRight = new Set(namesOf(right).map(fold));
  return [...new Set(namesOf(left).map(fold))].filter((name) => onRight.has(name));
}

/** The column that USING makes of one of each side: that of the side whose rows are all kept, of FULL of both. */
function merge(name: string, left: From, right: From, joinType: string): Merged {
  const ofLeft = findUnqualified(left, name) ?? unknown(`no table to the left has a column ${name}`);
  const ofRight = findUnqualified(right, name) ?? unknown(`no table to the right has a column ${name}`);
  const membersOf = ({ bindings }: From) => bindings.filter((binding) => findColumn(binding, name));
  const value =
    joinType === 'RIGHT' ? ofRight : joinType === 'FULL' ? madeOf([ofLeft, ofRight], 'transformed') : ofLeft;
  return { name, members: [...membersOf(left), ...membersOf(right)], value };
}

function join(ref: TableRef, place: Place, context: Context): From {
  if (!ref.left || !ref.right) return noTables;
  const left = tables(ref.left, place, context);
  const right = tables(ref.right, { ...place, left: beside(place.left, left) }, context);
  const isNatural = ref.ref_type === 'NATURAL';
  if (isNatural && [...left.bindings, ...right.bindings].some(({ rest }) => rest)) {
    context.onProblem('the columns that a NATURAL join is made by are not known');
  }
  const names = isNatural ? commonNames(left, right) : (ref.using_columns ?? []);
  const merged = names.map((name) => merge(name, left, right, ref.join_type ?? ''));
  const both = beside(left, right);
  const scope = scopeAt({ ...place, left: beside(place.left, both) });
  const conditions = ref.condition ? [context.evaluate(ref.condition, scope)] : [];
  const keys = names.flatMap((name) => [
    findUnqualified(left, name) ?? constant,
    findUnqualified(right, name) ?? constant,
  ]);
  for (const { unresolved } of [...conditions, ...keys]) if (unresolved) context.onProblem(unresolved);
  const rows = joinRows(both.rows, rowsBy([...conditions, ...keys], 'join'));
  if (ref.join_type === 'SEMI' || ref.join_type === 'ANTI') return { ...left, rows };
  const isMergedAgain = ({ name }: Merged) => names.some((each) => fold(each) === fold(name));
  return { ...both, merged: [...both.merged.filter((each) => !isMergedAgain(each)), ...merged], rows };
}

function pivot(ref: TableRef, place: Place, context: Context): From {
  if (!ref.source) return noTables;
  const source = tables(ref.source, place, context);
  const scope = scopeOf(source, place.commons, scopeAt(place));
  return named(pivoted(ref, scope, context), ref.column_name_alias ?? [], ref.alias);
}

function tables(ref: TableRef, place: Place, context: Context): From {
  switch (ref.type) {
    case 'EMPTY':
      return noTables;
    case 'BASE_TABLE':
      return baseTable(ref, place, context);
    case 'SUBQUERY':
      return subquery(ref, place, context);
    case 'JOIN':
      return join(ref, place, context);
    case 'EXPRESSION_LIST':
      return valueList(ref, place, context);
    case 'TABLE_FUNCTION':
      return tableFunction(ref, place, context);
    case 'PIVOT':
      return pivot(ref, place, context);
    default:
      return named(unknownRelation(`${ref.type} is not followed`), [], ref.alias);
  }
}

/** What FROM gives; its parts can refer to common tables, to what stands to their left and to the query around. */
export const resolveFrom = (
  ref: TableRef | undefined,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): From => (ref ? tables(ref, { commons, left: noTables, outer }, context) : noTables);
