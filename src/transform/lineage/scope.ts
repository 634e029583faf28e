/** What names mean at a place of a query: the tables of FROM, common tables, aliases, parameters, the query around. */
import type { Expression, QueryNode } from './ast.ts';
import type { Catalog } from './catalog.ts';
import {
  constant,
  fold,
  madeOf,
  type NamedValue,
  type Relation,
  type Rest,
  type Rows,
  together,
  unknown,
  type Value,
} from './values.ts';

/** A table of FROM under the name that it has there. */
export interface Binding {
  /** '' for a subquery without a name. */
  readonly table: string;
  readonly schema: string;
  readonly database: string;
  readonly columns: readonly NamedValue[];
  readonly rest?: Rest | undefined;
}

/** A column that USING or NATURAL makes of one of each table. */
export interface Merged {
  readonly name: string;
  readonly members: readonly Binding[];
  readonly value: Value;
}

/** What FROM gives. */
export interface From {
  readonly bindings: readonly Binding[];
  readonly merged: readonly Merged[];
  /** What decides about its rows. */
  readonly rows: Rows;
}

/** Common tables that can be named, the nearest first. */
export interface Commons {
  readonly name: string;
  readonly relation: () => Relation;
  readonly next: Commons | undefined;
}

/** Where an expression stands. */
export interface Scope {
  readonly from: From;
  /** Values by alias of the select list, folded. */
  readonly aliases: ReadonlyMap<string, Value>;
  /** Whether an alias counts before a column of its name, as in ORDER BY. */
  readonly aliasesFirst: boolean;
  /** Parameters of the lambdas around, folded. */
  readonly parameters: ReadonlySet<string>;
  readonly commons: Commons | undefined;
  /** The query around, for correlated subqueries. */
  readonly outer: Scope | undefined;
  /** What COLUMNS(...) stands for, where it is expanded column by column. */
  readonly starred?: Value;
}

/** What the resolution of one statement is given and finds. */
export interface Context {
  readonly catalog: Catalog;
  /** The names of aggregate functions. */
  readonly aggregates: ReadonlySet<string>;
  /** The names of macros that the database has been given: what they read is not followed. */
  readonly macros: ReadonlySet<string>;
  /** The name that DuckDB gives to an expression without alias. */
  readonly nameOf: (expression: Expression) => string;
  /** What DuckDB makes of an expression over constants that chooses column names; [] while it has not been asked. */
  readonly chosenNames: (expression: Expression) => readonly string[];
  /** Is told of each relation that is read. */
  readonly onRead: (relation: string) => void;
  /** Is told why a condition about rows could not be followed. */
  readonly onProblem: (reason: string) => void;
  readonly evaluate: (expression: Expression, scope: Scope) => Value;
  readonly resolveQuery: (node: QueryNode, commons: Commons | undefined, outer: Scope | undefined) => Relation;
}

/** FROM without a table. */
export const noTables: From = { bindings: [], merged: [], rows: new Map() };

/** The scope of expressions over these tables. */
export const scopeOf = (from: From, commons: Commons | undefined, outer: Scope | undefined): Scope => ({
  from,
  aliases: new Map(),
  aliasesFirst: false,
  parameters: new Set(),
  commons,
  outer,
});

/** The common table of a name. */
export function findCommon(commons: Commons | undefined, name: string): Relation | undefined {
  for (let each = commons; each; each = each.next) {
    if (fold(each.name) === fold(name)) return each.relation();
  }
  return undefined;
}

/** The column of a name, also among those whose names are not known. */
export const findColumn = ({ columns, rest }: Pick<Binding, 'columns' | 'rest'>, name: string): Value | undefined =>
  columns.find((column) => fold(column.name) === fold(name)) ?? rest?.find(name);

const hasColumn = ({ columns }: Binding, name: string): boolean =>
  columns.some((column) => fold(column.name) === fold(name));

/** The column that an unqualified name means among the tables of FROM. */
export function findUnqualified({ bindings, merged }: From, name: string): Value | undefined {
  const one = merged.find((each) => fold(each.name) === fold(name));
  if (one) return one.value;
  const known = bindings.filter((binding) => hasColumn(binding, name));
  const holders = known.length > 0 ? known : bindings.filter((binding) => findColumn(binding, name));
  const [holder, ...others] = holders;
  if (!holder) return undefined;
  if (others.length === 0) return findColumn(holder, name);
  const values = holders.flatMap((binding) => findColumn(binding, name) ?? []);
  const reason = `${name} may be a column of ${holders.map(({ table }) => table || 'a subquery').join(' or of ')}`;
  return { ...together(values), unresolved: reason };
}

/** A table as one value: a struct of its columns. */
function wholeRow({ table, columns, rest }: Binding): Value {
  const known = madeOf(columns, 'transformed');
  return rest ? { ...known, unresolved: `the columns of ${table} are not known` } : known;
}

const isNamed = (binding: Binding, parts: readonly string[]): boolean => {
  const own = [binding.database, binding.schema, binding.table].slice(-parts.length).map(fold);
  return parts.every((part, place) => fold(part) === own[place]);
};

/** A column of a table: its value, and how many parts of the name are left for fields of a struct. */
function findQualified({ bindings }: From, parts: readonly string[]): Value | undefined {
  for (let tableParts = Math.min(3, parts.length - 1); tableParts > 0; tableParts -= 1) {
    const column = parts[tableParts];
    const matching = bindings.filter((binding) => isNamed(binding, parts.slice(0, tableParts)));
    for (const binding of matching) {
      const value = column === undefined ? undefined : findColumn(binding, column);
      if (value) return parts.length > tableParts + 1 ? madeOf([value], 'transformed') : value;
    }
  }
  return undefined;
}

/** What DuckDB takes for calls of functions where no column has the name. */
const bareFunctions = new Set([
  'current_catalog',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'localtime',
  'localtimestamp',
  'rowid',
  'session_user',
  'user',
]);

function findHere(scope: Scope, parts: readonly string[]): Value | undefined {
  const [first = '', ...fields] = parts;
  if (scope.parameters.has(fold(first))) return constant;
  const alias = scope.aliases.get(fold(first));
  const field = (value: Value | undefined): Value | undefined =>
    value && fields.length > 0 ? madeOf([value], 'transformed') : value;
  if (alias && scope.aliasesFirst && fields.length === 0) return alias;
  const row = (): Value | undefined => {
    const table = fields.length === 0 ? scope.from.bindings.find((binding) => isNamed(binding, parts)) : undefined;
    return table && wholeRow(table);
  };
  return (
    (fields.length > 0 ? findQualified(scope.from, parts) : undefined) ??
    field(findUnqualified(scope.from, first)) ??
    field(alias) ??
    row()
  );
}

/** What a name means, given as its parts: a column, an alias, a field of a struct, a table as a row. */
export function lookUp(scope: Scope, parts: readonly string[]): Value {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const value = findHere(at, parts);
    if (value) return value;
  }
  const [only = ''] = parts;
  if (parts.length === 1 && bareFunctions.has(fold(only))) return constant;
  return unknown(`no table of the query has a column ${parts.join('.')}`);
}
