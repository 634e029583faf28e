/** What *, t.* and COLUMNS(...) stand for, and the columns that the items of a select list become. */
import { type Expression, withSubExpressions } from './ast.ts';
import { type Binding, type Context, type From, lookUp, type Scope } from './scope.ts';
import { structFields } from './struct-type.ts';
import { constant, fold, madeOf, type NamedValue, type Rest, unknown, type Value } from './values.ts';

/** Columns, perhaps with some whose names are not known. */
export interface Columns {
  readonly columns: readonly NamedValue[];
  readonly rest?: Rest | undefined;
}

interface StarredColumn extends NamedValue {
  /** The table that it is listed for. */
  readonly table: string;
}

/** The columns of tables in order; one that several have through USING or NATURAL comes once. */
function columnsOf(bindings: readonly Binding[], merged: From['merged']): readonly StarredColumn[] {
  const seen = new Set<string>();
  return bindings.flatMap((binding) =>
    binding.columns.flatMap((column): readonly StarredColumn[] => {
      const one = merged.find((each) => fold(each.name) === fold(column.name) && each.members.includes(binding));
      if (!one) return [{ ...column, table: binding.table }];
      if (seen.has(fold(one.name))) return [];
      seen.add(fold(one.name));
      return [{ ...one.value, name: column.name, table: binding.table }];
    }),
  );
}

function restOf(bindings: readonly Binding[]): Rest | undefined {
  const open = bindings.flatMap(({ rest }) => rest ?? []);
  const [first] = open;
  if (!first) return undefined;
  const at = bindings.findIndex(({ rest }) => rest);
  const before = bindings.slice(0, at).reduce((count, { columns }) => count + columns.length, 0);
  return {
    // Two of them in a row cannot be told apart by their places.
    position: open.length === 1 ? before + first.position : -1,
    find: (name) => {
      const found = open.flatMap(({ find }) => find(name) ?? []);
      return found.length > 1 ? unknown(`${name} may come of several tables`) : found[0];
    },
  };
}

/** What is within a nested value, as columns; their names are those of a struct's fields, or not known. */
function fieldsOf(nested: Value, names: readonly string[] | undefined): Columns {
  const value = madeOf([nested], 'transformed');
  if (names) return { columns: names.map((name) => ({ ...value, name })) };
  return { columns: [], rest: { position: 0, find: () => value } };
}

function tablesOf({ relation_name: table = '' }: Expression, from: From): readonly Binding[] | undefined {
  if (table === '') return from.bindings;
  const named = from.bindings.filter((binding) => fold(binding.table) === fold(table.split('.').at(-1) ?? table));
  return named.length > 0 ? named : undefined;
}

function isExcluded(star: Expression, column: StarredColumn): boolean {
  const named = (name: string): boolean => fold(name) === fold(column.name);
  return (
    (star.exclude_list ?? []).some(named) ||
    (star.qualified_exclude_list ?? []).some(
      (each) => named(each.column) && fold(each.table ?? column.table) === fold(column.table),
    )
  );
}

const renamed = (star: Expression, column: StarredColumn): string =>
  star.rename_list?.find(
    ({ key }) => fold(key.column) === fold(column.name) && fold(key.table || column.table) === fold(column.table),
  )?.value ?? column.name;

const replacement = (star: Expression, name: string): Expression | undefined =>
  star.replace_list?.find(({ key }) => fold(key) === fold(name))?.value;

function changedRest(star: Expression, rest: Rest, scope: Scope, context: Context): Rest {
  const isNamed = (name: string) => (each: { readonly column: string }) => fold(each.column) === fold(name);
  const find = (name: string): Value | undefined => {
    const from = star.rename_list?.find(({ value }) => fold(value) === fold(name))?.key.column ?? name;
    const gone = [...(star.exclude_list ?? []).map((column) => ({ column })), ...(star.qualified_exclude_list ?? [])];
    if (gone.some(isNamed(from))) return undefined;
    const by = replacement(star, from);
    return by ? context.evaluate(by, scope) : rest.find(from);
  };
  return { ...rest, find };
}

/** The columns that * or t.* stands for, with EXCLUDE, REPLACE and RENAME; also the fields of a struct. */
function expandStar(star: Expression, scope: Scope, context: Context): Columns {
  const bindings = tablesOf(star, scope.from);
  if (!bindings) {
    const struct = lookUp(scope, (star.relation_name ?? '').split('.'));
    return fieldsOf(struct, structFields(struct.type ?? ''));
  }
  const merged = star.relation_name ? [] : scope.from.merged;
  const columns = columnsOf(bindings, merged)
    .filter((column) => !isExcluded(star, column))
    .map(({ table, ...column }): NamedValue => {
      const by = replacement(star, column.name);
      return { ...(by ? context.evaluate(by, scope) : column), name: renamed(star, { ...column, table }) };
    });
  const rest = restOf(bindings);
  return { columns, rest: rest && changedRest(star, rest, scope, context) };
}

/** The column of FROM at a place, from 1. */
export function positionOf(index: number, scope: Scope, context: Context): Value {
  const all: Expression = { class: 'STAR', type: 'STAR', alias: '' };
  return expandStar(all, scope, context).columns[index - 1] ?? unknown(`there is no column number ${index}`);
}

const textConstant = (text: string): Expression => ({
  class: 'CONSTANT',
  type: 'VALUE_CONSTANT',
  alias: '',
  value: { type: { id: 'VARCHAR' }, is_null: false, value: text },
});

const callOf = (name: string, children: readonly Expression[]): Expression => {
  const rest = { schema: '', catalog: '', filter: null, distinct: false, is_operator: false, export_state: false };
  const noOrder = { type: 'ORDER_MODIFIER', orders: [] };
  return { class: 'FUNCTION', type: 'FUNCTION', alias: '', function_name: name, children, order_bys: noOrder, ...rest };
};

const columnRef = (name: string): Expression => ({
  class: 'COLUMN_REF',
  type: 'COLUMN_REF',
  alias: '',
  column_names: [name],
});

/** The names for which the condition, of the column `name`, holds. */
const filterNames = (names: Expression, condition: Expression): Expression =>
  callOf('list_filter', [
    names,
    { class: 'LAMBDA', type: 'LAMBDA', alias: '', lhs: columnRef('name'), expr: condition },
  ]);

const isStar = ({ class: kind }: Expression): boolean => kind === 'STAR';

/** The names that COLUMNS(...) is to choose from put in the place of its star. */
function choiceOf(expression: Expression, names: Expression): Expression {
  if (expression.class === 'CONSTANT') {
    return filterNames(names, callOf('regexp_matches', [columnRef('name'), expression]));
  }
  return { ...expression, children: (expression.children ?? []).map((child) => (isStar(child) ? names : child)) };
}

/** The columns that * or COLUMNS(...) means. */
export function matchColumns(star: Expression, scope: Scope, context: Context): Columns {
  if (!star.expr) return expandStar(star, scope, context);
  const all = expandStar({ ...star, expr: null }, scope, context);
  if (all.rest)
    return { columns: [], rest: { position: 0, find: () => unknown('COLUMNS(...) over columns that are not known') } };
  const names = callOf(
    'list_value',
    all.columns.map(({ name }) => textConstant(name)),
  );
  const chosen = new Set(context.chosenNames(choiceOf(star.expr, names)).map(fold));
  return { columns: all.columns.filter(({ name }) => chosen.has(fold(name))) };
}

/** `* LIKE 'a%'` and its like: an operator over a star and a pattern. */
function matchPattern(
  { function_name: name = '', children = [] }: Expression,
  scope: Scope,
  context: Context,
): Columns {
  const all = expandStar({ ...(children[0] ?? columnRef('')), expr: null }, scope, context);
  const names = callOf(
    'list_value',
    all.columns.map((column) => textConstant(column.name)),
  );
  const condition = callOf(name, [columnRef('name'), ...children.slice(1)]);
  const chosen = new Set(context.chosenNames(filterNames(names, condition)).map(fold));
  return { columns: all.columns.filter((column) => chosen.has(fold(column.name))), rest: all.rest };
}

const isPatternItem = ({ class: kind, children: [first] = [] }: Expression): boolean =>
  kind === 'FUNCTION' && first?.class === 'STAR' && !first.columns;

/** The first COLUMNS(...) that makes several columns of an item: one that * unpacks does not. */
function expandedStar(item: Expression): Expression | undefined {
  const unpacked = new Set(
    withSubExpressions(item).flatMap((each) => (each.type === 'OPERATOR_UNPACK' ? (each.children ?? []) : [])),
  );
  return withSubExpressions(item).find((each) => isStar(each) && each.columns && !unpacked.has(each));
}

/** An alias such as 'min_\1' is made of what a regular expression matched. */
function aliasOf(item: Expression, star: Expression, name: string): string {
  if (item.alias === '') return name;
  const pattern = star.expr?.value?.value;
  if (typeof pattern !== 'string' || !/\\\d/.test(item.alias)) return item.alias;
  const groups = new RegExp(pattern).exec(name) ?? [];
  return item.alias.replaceAll(/\\(\d)/g, (_, group: string) => groups[Number(group)] ?? '');
}

function eachColumn(item: Expression, star: Expression, scope: Scope, context: Context): Columns {
  const { columns, rest } = matchColumns(star, scope, context);
  const made = columns.map((column): NamedValue => {
    const value = item === star ? column : context.evaluate(item, { ...scope, starred: column });
    return { ...value, name: aliasOf(item, star, column.name) };
  });
  return { columns: made, rest };
}

const isUnnest = ({ function_name: name }: Expression): boolean => name === 'unnest' || name === 'unlist';

/** unnest() of a struct gives a column for each field, as it does of what is nested when it goes deeper. */
function unnestItem(item: Expression, scope: Scope, context: Context): Columns | undefined {
  const [nested, ...options] = item.children ?? [];
  if (!isUnnest(item) || !nested) return undefined;
  const value = context.evaluate(nested, scope);
  if (options.length > 0) return fieldsOf(value, undefined);
  const fields = structFields(value.type ?? '');
  return fields && fieldsOf(value, fields);
}

/** The name of an item that is one column. */
const nameOf = (item: Expression, context: Context): string => {
  if (item.alias !== '') return item.alias;
  return item.class === 'COLUMN_REF' ? (item.column_names?.at(-1) ?? '') : context.nameOf(item);
};

/** The columns that an item of a select list becomes. */
export function expandItem(item: Expression, scope: Scope, context: Context): Columns {
  if (isStar(item) && !item.columns) return expandStar(item, scope, context);
  if (isPatternItem(item)) return matchPattern(item, scope, context);
  const star = expandedStar(item);
  if (star) return eachColumn(item, star, scope, context);
  return (
    unnestItem(item, scope, context) ?? {
      columns: [{ ...context.evaluate(item, scope), name: nameOf(item, context) }],
    }
  );
}

/** What makes several rows of one in a select list: the lists that are unnested. */
export const unnestedLists = (items: readonly Expression[], scope: Scope, context: Context): readonly Value[] =>
  items
    .flatMap(withSubExpressions)
    .filter((each) => isUnnest(each))
    .flatMap(({ children: [list] = [] }) => (list ? [context.evaluate(list, scope)] : [constant]));
