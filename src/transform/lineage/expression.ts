/** What the value of an expression is made of. */
import { type Expression, subExpressions } from './ast.ts';
import { type Context, lookUp, type Scope } from './scope.ts';
import { matchColumns, positionOf } from './stars.ts';
import { constant, decidedBy, fold, madeOf, together, unknown, type Value } from './values.ts';

/** Functions that take a lambda; elsewhere an arrow is that of JSON. */
const lambdaFunctions = new Set([
  'apply',
  'array_apply',
  'array_filter',
  'array_reduce',
  'array_transform',
  'filter',
  'list_apply',
  'list_filter',
  'list_reduce',
  'list_transform',
  'reduce',
]);

function parametersOf(lhs: Expression | undefined): readonly string[] {
  if (!lhs) return [];
  return lhs.class === 'COLUMN_REF' ? (lhs.column_names ?? []) : (lhs.children ?? []).flatMap(parametersOf);
}

/** The body of a lambda; what its parameters are comes with the list, another argument. */
function lambda({ lhs, expr }: Expression, scope: Scope, context: Context): Value {
  const parameters = new Set([...scope.parameters, ...parametersOf(lhs).map(fold)]);
  return expr ? evaluate(expr, { ...scope, parameters }, context) : constant;
}

function call(expression: Expression, scope: Scope, context: Context): Value {
  const { function_name: name = '', children = [], filter, order_bys: orderBys } = expression;
  const takesLambda = lambdaFunctions.has(name);
  const inputs = children.map((child) =>
    takesLambda && child.class === 'LAMBDA' ? lambda(child, scope, context) : evaluate(child, scope, context),
  );
  const deciding = [...(filter ? [filter] : []), ...(orderBys?.orders ?? []).map((order) => order.expression)];
  const conditions = deciding.map((each) => evaluate(each, scope, context));
  // mode() WITHIN GROUP (ORDER BY x) and its like take their input from the order.
  if (inputs.every(({ parents }) => parents.size === 0) && conditions.length > 0 && !filter) {
    return madeOf([...inputs, ...conditions], 'transformed');
  }
  const unfollowed = context.macros.has(name) ? [unknown(`the macro ${name} is not followed`)] : [];
  return together([madeOf(inputs, 'transformed'), madeOf(conditions, 'conditional'), ...unfollowed]);
}

function choose({ case_checks: checks = [], else_expr: otherwise }: Expression, scope: Scope, context: Context): Value {
  const results = [...checks.map(({ then_expr: result }) => result), ...(otherwise ? [otherwise] : [])];
  return together([
    madeOf(
      checks.map(({ when_expr: condition }) => evaluate(condition, scope, context)),
      'conditional',
    ),
    madeOf(
      results.map((result) => evaluate(result, scope, context)),
      'transformed',
    ),
  ]);
}

/** A window function takes values of other rows: its arguments go into the value, all else decides which rows. */
function overWindow(expression: Expression, scope: Scope, context: Context): Value {
  const inputs = [...(expression.children ?? []), ...(expression.default_expr ? [expression.default_expr] : [])];
  const deciding = subExpressions(expression).filter((each) => !inputs.includes(each));
  return together([
    madeOf(
      inputs.map((each) => evaluate(each, scope, context)),
      'transformed',
    ),
    madeOf(
      deciding.map((each) => evaluate(each, scope, context)),
      'conditional',
    ),
  ]);
}

/** A subquery as a value: its column, decided by what decides about its rows. */
function subquery(expression: Expression, scope: Scope, context: Context): Value {
  if (!expression.subquery) return unknown('a subquery without a query');
  const { columns, rest, rows } = context.resolveQuery(expression.subquery.node, scope.commons, scope);
  const deciding = decidedBy(rows);
  if (expression.subquery_type === 'EXISTS' || expression.subquery_type === 'NOT_EXISTS') return deciding;
  const values = rest ? [...columns, unknown('the columns of a subquery are not known')] : columns;
  if (expression.subquery_type === 'SCALAR') return together([...values, deciding]);
  const compared = expression.child ? [evaluate(expression.child, scope, context)] : [];
  return together([madeOf([...values, ...compared], 'transformed'), deciding]);
}

/** COLUMNS(...) and * where they are no item of a select list: all columns that they mean. */
const starred = (expression: Expression, scope: Scope, context: Context): Value =>
  scope.starred ?? madeOf(matchColumns(expression, scope, context).columns, 'transformed');

function follow(expression: Expression, scope: Scope, context: Context): Value {
  switch (expression.class) {
    case 'COLUMN_REF':
      return lookUp(scope, expression.column_names ?? []);
    case 'FUNCTION':
      return call(expression, scope, context);
    case 'CASE':
      return choose(expression, scope, context);
    case 'WINDOW':
      return overWindow(expression, scope, context);
    case 'SUBQUERY':
      return subquery(expression, scope, context);
    case 'STAR':
      return starred(expression, scope, context);
    case 'POSITIONAL_REFERENCE':
      return positionOf(expression.index ?? 0, scope, context);
    default: {
      const within = subExpressions(expression).map((each) => evaluate(each, scope, context));
      return madeOf(within, 'transformed');
    }
  }
}

const isAlreadyWritten = ({ class: kind }: Expression): boolean =>
  ['COLUMN_REF', 'STAR', 'POSITIONAL_REFERENCE'].includes(kind);

/** What the value of an expression is made of. A plain column keeps the expression that made it. */
export function evaluate(expression: Expression, scope: Scope, context: Context): Value {
  const value = follow(expression, scope, context);
  if (!isAlreadyWritten(expression)) return { ...value, expression };
  const isField = value.expression === undefined && (expression.column_names?.length ?? 0) > 1;
  const changed = [...value.parents.values()].some(({ use }) => use !== 'unchanged');
  return isField && changed ? { ...value, expression } : value;
}
