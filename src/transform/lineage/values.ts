/** What a value or a set of rows is made of: columns of relations, how each is used, and what could not be told. */
import type { Expression } from './ast.ts';

/**
 * How a column goes into a value: unchanged; transformed; or conditional, when it only decides which value there is (a
 * condition of CASE or FILTER, the partition and order of a window, the WHERE of a subquery).
 */
export type Use = 'unchanged' | 'transformed' | 'conditional';

/** A column of a relation. */
export interface ColumnName {
  /** As in `relationId`. */
  readonly relation: string;
  readonly column: string;
}

/** A column that a value is made of. */
export interface Parent extends ColumnName {
  readonly use: Use;
}

/** How a column decides about rows. */
export type RowUse = 'filter' | 'join' | 'group' | 'order' | 'distinct' | 'limit' | 'set operation' | 'unnest';

/** A column that decides about rows. */
export interface RowDependency extends ColumnName {
  /** Sorted. */
  readonly by: readonly RowUse[];
}

/** Parents by their keys. */
export type Parents = ReadonlyMap<string, Parent>;

/** Dependencies of rows by their keys. */
export type Rows = ReadonlyMap<string, RowDependency>;

/** What a value is made of. */
export interface Value {
  readonly parents: Parents;
  /** Why not all of its parents are known. */
  readonly unresolved?: string;
  /** The expression that last changed it. */
  readonly expression?: Expression;
  /** DuckDB's type, of what is a column of the catalog unchanged. */
  readonly type?: string;
}

/** A value with a name. */
export interface NamedValue extends Value {
  readonly name: string;
}

/** Columns of a relation whose names only its data tell. */
export interface Rest {
  /** How many named columns come before them. */
  readonly position: number;
  /** The column of a name; undefined when it cannot be among them. */
  readonly find: (name: string) => Value | undefined;
}

/** What a query or a relation gives. */
export interface Relation {
  readonly columns: readonly NamedValue[];
  readonly rest?: Rest | undefined;
  readonly rows: Rows;
}

/** Nothing is known to go into it: a constant, a count. */
export const constant: Value = { parents: new Map() };

/** A value that could not be followed. */
export const unknown = (unresolved: string): Value => ({ parents: new Map(), unresolved });

/** Names are told apart without case. */
export const fold = (name: string): string => name.toLowerCase();

const keyOf = ({ relation, column }: ColumnName): string => `${relation}\n${fold(column)}`;

/** A column as it is. */
export const ownValue = (relation: string, column: string, type?: string): Value => {
  const parent: Parent = { relation, column, use: 'unchanged' };
  return { parents: new Map([[keyOf(parent), parent]]), ...(type === undefined ? {} : { type }) };
};

function addParents(into: Map<string, Parent>, parents: Iterable<Parent>, use?: Use): void {
  for (const parent of parents) {
    const through = use === undefined || parent.use === 'conditional' ? parent.use : use;
    const key = keyOf(parent);
    const before = into.get(key);
    into.set(key, { ...parent, use: before && before.use !== through ? 'transformed' : through });
  }
}

/** Parents of one use and those of another together; a column of both uses is transformed. */
function joinParents(all: readonly Parents[]): Parents {
  const [only] = all;
  if (only && all.length === 1) return only;
  const joined = new Map<string, Parent>();
  for (const parents of all) addParents(joined, parents.values());
  return joined;
}

const reasonOf = (values: readonly Value[]): { readonly unresolved?: string } => {
  const reason = values.find(({ unresolved }) => unresolved !== undefined)?.unresolved;
  return reason === undefined ? {} : { unresolved: reason };
};

/** A value that is made of others, in this way. */
export function madeOf(values: readonly Value[], use: 'transformed' | 'conditional'): Value {
  const parents = new Map<string, Parent>();
  for (const value of values) addParents(parents, value.parents.values(), use);
  return { parents, ...reasonOf(values) };
}

/** A value that is made of all of these, each in its own way. */
export const together = (values: readonly Value[]): Value => ({
  parents: joinParents(values.map(({ parents }) => parents)),
  ...reasonOf(values),
});

/** A value that is now one of these, now another: a column of a union. Its expression is that of the only one with parents. */
export function either(values: readonly Value[]): Value {
  const withParents = values.filter(({ parents }) => parents.size > 0);
  const [source, ...others] = withParents.length > 0 ? withParents : values;
  const expression = others.length === 0 ? source?.expression : undefined;
  return { ...together(values), ...(expression ? { expression } : {}) };
}

/** The columns of values decide about rows. */
export function rowsBy(values: readonly Value[], by: RowUse): Rows {
  const rows = new Map<string, RowDependency>();
  for (const { parents } of values) {
    for (const [key, { relation, column }] of parents) rows.set(key, { relation, column, by: [by] });
  }
  return rows;
}

/** What decides about rows by one of these or another. */
export function joinRows(...all: readonly Rows[]): Rows {
  const joined = new Map<string, RowDependency>();
  for (const rows of all) {
    for (const [key, dependency] of rows) {
      const before = joined.get(key);
      const by = before ? [...new Set([...before.by, ...dependency.by])].sort() : dependency.by;
      joined.set(key, { ...dependency, by });
    }
  }
  return joined;
}

/** What decides about the rows of a subquery decides about the value that is made of them. */
export const decidedBy = (rows: Rows): Value => ({
  parents: new Map([...rows].map(([key, { relation, column }]) => [key, { relation, column, use: 'conditional' }])),
});
