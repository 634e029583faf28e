/** The ways of columns through all relations: what a column comes from, what depends on it, how much is resolved. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest, slipOf } from '../../kernel/nearest.ts';
import type { ColumnLineage, RelationLineage } from './lineage.ts';
import { type ColumnName, fold, type Use } from './values.ts';

/** A column within a way, and those that come next: its parents, or what is made of it. */
export interface Step extends ColumnName {
  /** How the column goes into the one below it in the tree, up to the first none; for a way down how it is made of that above. */
  readonly use?: Use;
  readonly expression?: string;
  readonly madeBy?: string;
  readonly unresolved?: string;
  /** Columns that only decide which value there is. */
  readonly decidedBy: readonly ColumnName[];
  /** Whether what comes next was told before in the same tree. */
  readonly again: boolean;
  readonly next: readonly Step[];
}

/** A column that stands in the lineage. */
interface Known extends ColumnName {
  readonly lineage: ColumnLineage | undefined;
}

/** How many columns of a relation are resolved. */
export interface Figure {
  readonly relation: string;
  readonly columns: number;
  readonly resolved: number;
}

const keyOf = ({ relation, column }: ColumnName): string => `${fold(relation)}\n${fold(column)}`;

/** The lineage of several relations by their columns. */
export interface LineageGraph {
  /** A column under the name that lineage has for it; undefined when there is none. */
  readonly find: (name: ColumnName) => Known | undefined;
  /** Names of all columns, as `relation.column`. */
  readonly names: readonly string[];
  /** What it comes from. */
  readonly up: (name: ColumnName) => Step;
  /** What depends on its values. */
  readonly down: (name: ColumnName) => Step;
}

interface Edge extends ColumnName {
  readonly use: Use;
}

/** Details of a column that a step tells. */
function detailsOf(lineage: ColumnLineage | undefined): Pick<Step, 'expression' | 'madeBy' | 'unresolved'> {
  const { expression, madeBy, unresolved } = lineage ?? {};
  return {
    ...(expression === undefined ? {} : { expression }),
    ...(madeBy === undefined ? {} : { madeBy }),
    ...(unresolved === undefined ? {} : { unresolved }),
  };
}

/** Walks along edges as a tree in which each column is followed once. */
function walk(
  start: Known,
  edges: (from: ColumnName) => readonly Edge[],
  lineageOf: (name: ColumnName) => ColumnLineage | undefined,
  followConditions: boolean,
): Step {
  const followed = new Set<string>();
  const step = (at: ColumnName, use: Use | undefined): Step => {
    const all = edges(at);
    const again = followed.has(keyOf(at)) && all.length > 0;
    followed.add(keyOf(at));
    const nextOnes = again ? [] : all.filter((edge) => followConditions || edge.use !== 'conditional');
    const deciding = again || followConditions ? [] : all.filter((edge) => edge.use === 'conditional');
    return {
      relation: at.relation,
      column: at.column,
      ...(use === undefined ? {} : { use }),
      ...detailsOf(lineageOf(at)),
      decidedBy: deciding.map(({ relation, column }) => ({ relation, column })),
      again,
      next: nextOnes.map((edge) => step(edge, edge.use)),
    };
  };
  return step(start, undefined);
}

/** The graph over the lineage of relations. */
export function createGraph(lineage: readonly RelationLineage[]): LineageGraph {
  const known = new Map<string, Known>();
  const children = new Map<string, Edge[]>();
  const add = (name: ColumnName, of?: ColumnLineage): void => {
    if (of || !known.has(keyOf(name)))
      known.set(keyOf(name), { relation: name.relation, column: name.column, lineage: of });
  };
  for (const { id, columns } of lineage) {
    for (const column of columns) {
      const name = { relation: id, column: column.name };
      add(name, column);
      for (const parent of column.parents) {
        add(parent);
        const siblings = children.get(keyOf(parent)) ?? [];
        children.set(keyOf(parent), [...siblings, { ...name, use: parent.use }]);
      }
    }
  }
  const find = (name: ColumnName) => known.get(keyOf(name));
  const lineageOf = (name: ColumnName) => find(name)?.lineage;
  const startAt = (name: ColumnName): Known => find(name) ?? { ...name, lineage: undefined };
  return {
    find,
    names: [...known.values()].map(({ relation, column }) => `${relation}.${column}`),
    up: (name) => walk(startAt(name), (at) => lineageOf(at)?.parents ?? [], lineageOf, false),
    down: (name) => walk(startAt(name), (at) => children.get(keyOf(at)) ?? [], lineageOf, true),
  };
}

/** What the names of relations before the models begin with; it may be left out where nothing else has the name. */
const prefixes = ['', 'file:', 'postgres:'];

/** A column by `relation.column`, whatever dots the relation's name has; undefined when there is none. */
export function findNamed(graph: LineageGraph, text: string): ColumnName | undefined {
  const at = text.lastIndexOf('.');
  const [relation, column] = [text.slice(0, at), text.slice(at + 1)];
  const found = prefixes.flatMap((prefix) => graph.find({ relation: `${prefix}${relation}`, column }) ?? []);
  return found[0];
}

/** For a text that names no column: the columns of the relation that it names or begins with, and the nearest name. */
export function noSuchColumn(lineage: readonly RelationLineage[], graph: LineageGraph, text: string): MillraceError {
  const owners = prefixes.flatMap((prefix) =>
    [text, text.slice(0, text.lastIndexOf('.'))].map((name) => prefix + name),
  );
  const relation = lineage.find(({ id }) => owners.includes(id));
  const names = relation?.columns.map(({ name }) => name) ?? [];
  const [first] = names;
  if (!relation || first === undefined) {
    return new MillraceError('MR-LIN-001', { name: text, nearest: nearest(text, graph.names) });
  }
  const slip = slipOf(text.slice(text.lastIndexOf('.') + 1), names);
  return new MillraceError('MR-LIN-002', {
    name: text,
    relation: relation.id,
    columns: names.join(', '),
    nearest: slip === undefined ? '' : `${relation.id}.${slip}`,
    first,
  });
}

/** How many columns of each model are resolved. */
export const figuresOf = (lineage: readonly RelationLineage[]): readonly Figure[] =>
  lineage
    .filter(({ kind }) => kind === 'model')
    .map(({ id, columns }) => ({
      relation: id,
      columns: columns.length,
      resolved: columns.filter(({ unresolved }) => unresolved === undefined).length,
    }));
