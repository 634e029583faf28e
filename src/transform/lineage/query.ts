/** What the columns and the rows of a query are made of: selects, set operations, recursive common tables. */
import type { Expression, Modifier, QueryNode } from './ast.ts';
import { withSubExpressions } from './ast.ts';
import { evaluate } from './expression.ts';
import { resolveFrom } from './from.ts';
import { type Commons, type Context, type Scope, scopeOf } from './scope.ts';
import { type Columns, expandItem, unnestedLists } from './stars.ts';
import {
  constant,
  either,
  fold,
  joinRows,
  type NamedValue,
  type Relation,
  type Rest,
  type Rows,
  type RowUse,
  rowsBy,
  unknown,
  type Value,
} from './values.ts';

const noRows: Rows = new Map();

/** DuckDB numbers names that come twice in a subquery; the first keeps its own. */
function toldApart(columns: readonly NamedValue[]): readonly NamedValue[] {
  const counts = new Map<string, number>();
  return columns.map((column) => {
    const count = counts.get(fold(column.name)) ?? 0;
    counts.set(fold(column.name), count + 1);
    return count === 0 ? column : { ...column, name: `${column.name}_${count}` };
  });
}

const renamed = (relation: Relation, names: readonly string[]): Relation => ({
  ...relation,
  columns: relation.columns.map((column, place) => ({ ...column, name: names[place] ?? column.name })),
});

/** A relation that is worked out when it is first asked for. */
function once(work: () => Relation): () => Relation {
  let done: Relation | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** The common tables of a query before those around it; each sees those that come before it. */
function withCommons(
  node: QueryNode,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): Commons | undefined {
  return node.cte_map.map.reduce<Commons | undefined>((next, { key, value }) => {
    const relation = once(() => renamed(resolveQuery(value.query.node, next, outer, context), value.aliases));
    return { name: key, relation, next };
  }, commons);
}

/** What decides about rows, all by one use; what could not be followed is told. */
function decide(values: readonly Value[], by: RowUse, context: Context): Rows {
  for (const { unresolved } of values) if (unresolved) context.onProblem(unresolved);
  return rowsBy(values, by);
}

/** The columns that items become, one after the other: an item can use the aliases before it. */
function selectColumns(
  items: readonly Expression[],
  scope: Scope,
  context: Context,
): Columns & { readonly aliases: ReadonlyMap<string, Value> } {
  const aliases = new Map<string, Value>();
  const columns: NamedValue[] = [];
  const rests: Rest[] = [];
  for (const item of items) {
    const made = expandItem(item, { ...scope, aliases }, context);
    if (made.rest)
      rests.push({ ...made.rest, position: made.rest.position + (made.rest.position < 0 ? 0 : columns.length) });
    columns.push(...made.columns);
    if (item.class === 'STAR') continue;
    for (const column of made.columns) if (!aliases.has(fold(column.name))) aliases.set(fold(column.name), column);
  }
  const [rest, ...others] = rests;
  if (!rest || others.length === 0) return { columns, rest, aliases };
  const find = (name: string): Value | undefined => {
    const found = rests.flatMap((each) => each.find(name) ?? []);
    return found.length > 1 ? unknown(`${name} may come of several tables`) : found[0];
  };
  return { columns, rest: { position: -1, find }, aliases };
}

const placeOf = ({ class: kind, value }: Expression): number | undefined =>
  kind === 'CONSTANT' && typeof value?.value === 'number' ? value.value : undefined;

/** An expression of GROUP BY, ORDER BY or DISTINCT ON: a number is the place of a column. */
function keyValues(key: Expression, columns: readonly NamedValue[], scope: Scope, context: Context): readonly Value[] {
  const place = placeOf(key);
  if (place !== undefined) return [columns[place - 1] ?? constant];
  return key.class === 'STAR' ? columns : [evaluate(key, scope, context)];
}

function modifierRows(
  { type, orders, distinct_on_targets: targets, limit, offset }: Modifier,
  columns: readonly NamedValue[],
  scope: Scope,
  context: Context,
): Rows {
  const valuesOf = (keys: readonly Expression[]) => keys.flatMap((key) => keyValues(key, columns, scope, context));
  switch (type) {
    case 'ORDER_MODIFIER':
      return decide(valuesOf((orders ?? []).map(({ expression }) => expression)), 'order', context);
    case 'DISTINCT_MODIFIER':
      return decide(targets && targets.length > 0 ? valuesOf(targets) : columns, 'distinct', context);
    default: {
      const limits = [limit, offset].flatMap((each) => each ?? []);
      return decide(
        limits.map((each) => evaluate(each, scope, context)),
        'limit',
        context,
      );
    }
  }
}

const modifiersRows = (node: QueryNode, columns: readonly NamedValue[], scope: Scope, context: Context): Rows =>
  joinRows(
    ...node.modifiers.map((modifier) => modifierRows(modifier, columns, { ...scope, aliasesFirst: true }, context)),
  );

const isAggregate = (item: Expression, context: Context): boolean =>
  withSubExpressions(item).some(
    ({ class: kind, function_name: name = '' }) => kind === 'FUNCTION' && context.aggregates.has(name),
  );

/** The expressions that rows are grouped by; those of GROUP BY ALL are the items without an aggregate. */
function groupKeys(node: QueryNode, context: Context): readonly Expression[] {
  if (node.aggregate_handling !== 'FORCE_AGGREGATES') return node.group_expressions ?? [];
  return (node.select_list ?? []).filter((item) => !isAggregate(item, context));
}

function resolveSelect(
  node: QueryNode,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): Relation {
  const from = resolveFrom(node.from_table, commons, outer, context);
  const plain = scopeOf(from, commons, outer);
  const items = node.select_list ?? [];
  const { columns, rest, aliases } = selectColumns(items, plain, context);
  const scope = { ...plain, aliases };
  const filters = [node.where_clause, node.having, node.qualify].flatMap((each) => each ?? []);
  const groups = groupKeys(node, context).flatMap((key) =>
    placeOf(key) === undefined ? expandItem(key, scope, context).columns : keyValues(key, columns, scope, context),
  );
  const rows = joinRows(
    from.rows,
    decide(
      filters.map((filter) => evaluate(filter, scope, context)),
      'filter',
      context,
    ),
    decide(groups, 'group', context),
    decide(unnestedLists(items, scope, context), 'unnest', context),
    modifiersRows(node, columns, scope, context),
  );
  return { columns: toldApart(columns), rest, rows };
}

/** Columns of both sides by their places, under the names of the left. */
const byPosition = (left: Relation, right: Relation): readonly NamedValue[] =>
  left.columns.map((column, place) => ({ ...either([column, right.columns[place] ?? constant]), name: column.name }));

/** Columns of both sides by their names: those of the left, then what only the right has. */
function byName(left: Relation, right: Relation): readonly NamedValue[] {
  const find = ({ columns, rest }: Relation, name: string) =>
    columns.find((column) => fold(column.name) === fold(name)) ?? rest?.find(name);
  const more = right.columns.filter(({ name }) => !left.columns.some((column) => fold(column.name) === fold(name)));
  return [...left.columns, ...more].map(({ name }) => ({
    ...either([find(left, name) ?? constant, find(right, name) ?? constant]),
    name,
  }));
}

function restByName(left: Relation, right: Relation): Rest | undefined {
  if (!left.rest && !right.rest) return undefined;
  const find = (name: string): Value | undefined => {
    const found = [left, right].flatMap((side) => side.rest?.find(name) ?? []);
    return found.length > 0 ? either(found) : undefined;
  };
  return { position: -1, find };
}

/** A union by position of columns that are not known. */
const restByPosition = (left: Relation, right: Relation): Rest | undefined =>
  left.rest || right.rest
    ? { position: -1, find: () => unknown('columns are matched by position, and not all of them are known') }
    : undefined;

function unite(left: Relation, right: Relation, named: boolean): Relation {
  const columns = named ? byName(left, right) : byPosition(left, right);
  const rest = named ? restByName(left, right) : restByPosition(left, right);
  return { columns, rest, rows: joinRows(left.rows, right.rows) };
}

function combine(node: QueryNode, left: Relation, right: Relation): Relation {
  const all = [...left.columns, ...right.columns];
  const united = unite(left, right, node.setop_type === 'UNION_BY_NAME');
  if (node.setop_type === 'EXCEPT' || node.setop_type === 'INTERSECT') {
    return { ...left, rows: joinRows(united.rows, rowsBy(all, 'set operation')) };
  }
  return node.setop_all ? united : { ...united, rows: joinRows(united.rows, rowsBy(all, 'distinct')) };
}

/** Both sides of a set operation, whose ORDER BY names the columns of the result. */
function resolveSetOperation(
  node: QueryNode,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): Relation {
  if (!node.left || !node.right) return { columns: [], rows: noRows };
  const left = resolveQuery(node.left, commons, outer, context);
  const right = resolveQuery(node.right, commons, outer, context);
  const made = combine(node, left, right);
  const aliases = new Map(made.columns.map((column) => [fold(column.name), column]));
  const from = {
    bindings: [{ table: '', schema: '', database: '', columns: made.columns, rest: made.rest }],
    merged: [],
    rows: noRows,
  };
  const rows = modifiersRows(node, made.columns, { ...scopeOf(from, commons, outer), aliases }, context);
  return { ...made, rows: joinRows(made.rows, rows) };
}

const sizeOf = ({ columns, rows }: Relation): string =>
  JSON.stringify([
    columns.map(({ parents, unresolved }) => [[...parents.entries()], unresolved]),
    [...rows.values()].map(({ by }) => by),
  ]);

/** A recursive common table reads itself: what it is made of grows until it stays. */
function resolveRecursion(
  node: QueryNode,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): Relation {
  if (!node.left || !node.right) return { columns: [], rows: noRows };
  const names = node.aliases ?? [];
  const first = renamed(resolveQuery(node.left, commons, outer, context), names);
  let known = first;
  for (;;) {
    const so = known;
    const itself: Commons = { name: node.cte_name ?? '', relation: () => so, next: commons };
    const next = resolveQuery(node.right, itself, outer, context);
    const united = unite(first, next, false);
    const rows = node.union_all
      ? united.rows
      : joinRows(united.rows, rowsBy([...first.columns, ...next.columns], 'distinct'));
    known = { ...united, rows };
    if (sizeOf(known) === sizeOf(so)) return known;
  }
}

/** What a query gives, made of the relations of the catalog. */
function resolveQuery(
  node: QueryNode,
  commons: Commons | undefined,
  outer: Scope | undefined,
  context: Context,
): Relation {
  const inner = withCommons(node, commons, outer, context);
  switch (node.type) {
    case 'SELECT_NODE':
      return resolveSelect(node, inner, outer, context);
    case 'SET_OPERATION_NODE':
      return resolveSetOperation(node, inner, outer, context);
    case 'RECURSIVE_CTE_NODE':
      return resolveRecursion(node, inner, outer, context);
    default:
      return { columns: [], rest: { position: 0, find: () => unknown(`${node.type} is not followed`) }, rows: noRows };
  }
}

/** What the statement's columns and rows are made of. */
export function resolveStatement(node: QueryNode, given: Omit<Context, 'evaluate' | 'resolveQuery'>): Relation {
  const context: Context = {
    ...given,
    evaluate: (expression, scope) => evaluate(expression, scope, context),
    resolveQuery: (query, commons, outer) => resolveQuery(query, commons, outer, context),
  };
  return resolveQuery(node, undefined, undefined, context);
}
