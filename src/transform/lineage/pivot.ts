/** What PIVOT and UNPIVOT make of a relation. */
import { type Constant, type Expression, type PivotEntry, type TableRef, withSubExpressions } from './ast.ts';
import { type Context, lookUp, type Scope } from './scope.ts';
import { matchColumns } from './stars.ts';
import {
  constant,
  either,
  fold,
  joinRows,
  madeOf,
  type NamedValue,
  type Relation,
  rowsBy,
  together,
} from './values.ts';

const allColumns: Expression = { class: 'STAR', type: 'STAR', alias: '' };

const textOf = ({ value, is_null: isNull }: Constant): string => (isNull ? 'NULL' : String(value ?? ''));

/** Every way to take one of each list, the first list slowest. */
const combinations = (lists: readonly (readonly string[])[]): readonly string[] =>
  lists.reduce<readonly string[]>(
    (made, list) => made.flatMap((before) => list.map((each) => (before === '' ? each : `${before}_${each}`))),
    [''],
  );

const entryName = ({ alias, values }: PivotEntry): string => alias || values.map(textOf).join('_');

/** The name of a pivoted column: its values, and where they alone do not tell, the aggregate. */
function pivotedName(
  values: string,
  aggregate: Expression,
  aggregates: readonly Expression[],
  context: Context,
): string {
  if (aggregates.length === 1 && aggregate.alias === '') return values;
  return `${values}_${aggregate.alias || context.nameOf(aggregate)}`;
}

/** Names that expressions use, folded. */
const usedNames = (expressions: readonly Expression[]): ReadonlySet<string> =>
  new Set(expressions.flatMap(withSubExpressions).flatMap(({ column_names: parts }) => (parts ?? []).map(fold)));

function groupsOf(ref: TableRef, scope: Scope, context: Context): readonly NamedValue[] {
  const { groups = [], aggregates = [], pivots = [] } = ref;
  const all = matchColumns(allColumns, scope, context).columns;
  if (groups.length > 0) return groups.flatMap((name) => all.find((column) => fold(column.name) === fold(name)) ?? []);
  const used = usedNames([...aggregates, ...pivots.flatMap((pivot) => pivot.pivot_expressions)]);
  return all.filter(({ name }) => !used.has(fold(name)));
}

function pivotColumns(ref: TableRef, scope: Scope, context: Context): Relation {
  const { aggregates = [], pivots = [] } = ref;
  const keys = pivots.flatMap(({ pivot_expressions: expressions }) =>
    expressions.map((each) => context.evaluate(each, scope)),
  );
  const values = aggregates.map((aggregate) => context.evaluate(aggregate, scope));
  const groups = groupsOf(ref, scope, context);
  const made = combinations(pivots.map(({ entries }) => entries.map(entryName))).flatMap((name) =>
    aggregates.map(
      (aggregate, place): NamedValue => ({
        ...together([values[place] ?? constant, madeOf(keys, 'conditional')]),
        expression: aggregate,
        name: pivotedName(name, aggregate, aggregates, context),
      }),
    ),
  );
  return { columns: [...groups, ...made], rows: joinRows(scope.from.rows, rowsBy([...groups, ...keys], 'group')) };
}

/** What one member of UNPIVOT's list stands for: one after the other, a column for each value column. */
function memberColumns(
  { values, star_expr: expression }: PivotEntry,
  scope: Scope,
  context: Context,
): readonly (readonly NamedValue[])[] {
  if (expression?.class === 'STAR') return matchColumns(expression, scope, context).columns.map((column) => [column]);
  if (expression) return [[{ ...context.evaluate(expression, scope), name: '' }]];
  const columnOf = (name: string): NamedValue => ({ ...lookUp(scope, [name]), name });
  return [values.map((value) => columnOf(textOf(value)))];
}

function unpivotColumns(ref: TableRef, scope: Scope, context: Context): Relation {
  const { pivots = [], unpivot_names: valueNames = [] } = ref;
  const members = pivots.flatMap(({ entries }) => entries.flatMap((entry) => memberColumns(entry, scope, context)));
  const expressions = pivots.flatMap(({ entries }) => entries.flatMap(({ star_expr: each }) => each ?? []));
  const gone = new Set([...members.flat().map(({ name }) => fold(name)), ...usedNames(expressions)]);
  const kept = matchColumns(allColumns, scope, context).columns.filter(({ name }) => !gone.has(fold(name)));
  const names = pivots.flatMap((pivot) => pivot.unpivot_names).map((name): NamedValue => ({ ...constant, name }));
  const values = valueNames.map(
    (name, place): NamedValue => ({
      ...either(members.flatMap((member) => member[place] ?? [])),
      name,
    }),
  );
  const rows = ref.include_nulls ? scope.from.rows : joinRows(scope.from.rows, rowsBy(members.flat(), 'filter'));
  return { columns: [...kept, ...names, ...values], rows };
}

/** The relation that PIVOT or UNPIVOT gives; the scope is that of its source. */
export const pivoted = (ref: TableRef, scope: Scope, context: Context): Relation =>
  (ref.unpivot_names ?? []).length > 0 ? unpivotColumns(ref, scope, context) : pivotColumns(ref, scope, context);
