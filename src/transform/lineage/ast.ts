/** DuckDB's own parse of SELECT statements: the tree that json_serialize_sql gives, and expressions back as SQL. */
import { type DuckDB, type JsonValue, sqlText } from '../../stores/duckdb/duckdb.ts';

/** What orders rows, one by one. */
interface Order {
  readonly expression: Expression;
}

/** An expression of the tree. Which of the further fields there are depends on its class. */
export interface Expression {
  /** COLUMN_REF, CONSTANT, FUNCTION, OPERATOR, CAST, CASE, COMPARISON, CONJUNCTION, WINDOW, SUBQUERY, STAR, LAMBDA ... */
  readonly class: string;
  readonly type: string;
  readonly alias: string;
  /** COLUMN_REF: the parts between the dots. */
  readonly column_names?: readonly string[];
  /** FUNCTION, WINDOW: its name, in lower case. */
  readonly function_name?: string;
  readonly children?: readonly Expression[];
  /** FUNCTION: what follows FILTER. */
  readonly filter?: Expression | null;
  readonly order_bys?: { readonly orders: readonly Order[] };
  /** WINDOW: the value for a row beyond the window. */
  readonly default_expr?: Expression | null;
  readonly case_checks?: readonly { readonly when_expr: Expression; readonly then_expr: Expression }[];
  readonly else_expr?: Expression;
  /** COMPARISON. */
  readonly left?: Expression;
  readonly right?: Expression;
  /** SUBQUERY: what stands to the left of IN or a comparison with ANY. */
  readonly child?: Expression | null;
  readonly subquery_type?: string;
  readonly subquery?: Statement;
  /** CONSTANT. */
  readonly value?: Constant;
  /** POSITIONAL_REFERENCE: from 1. */
  readonly index?: number;
  /** LAMBDA: its parameters, or what stands to the left of the arrow of JSON. */
  readonly lhs?: Expression;
  /** LAMBDA: its body. STAR: what COLUMNS(...) is given. */
  readonly expr?: Expression | null;
  /** STAR: the table whose columns it is, '' for all. */
  readonly relation_name?: string;
  /** STAR: whether it is written COLUMNS(...). */
  readonly columns?: boolean;
  readonly exclude_list?: readonly string[];
  readonly qualified_exclude_list?: readonly QualifiedName[];
  readonly replace_list?: readonly { readonly key: string; readonly value: Expression }[];
  readonly rename_list?: readonly { readonly key: QualifiedName; readonly value: string }[];
}

/** A column, perhaps with its table. */
export interface QualifiedName {
  readonly table?: string;
  readonly column: string;
}

/** A constant: its value is as JSON has it, a list's is `{children}`. */
export interface Constant {
  readonly is_null?: boolean;
  readonly value?: JsonValue;
  readonly type: { readonly id: string };
}

/** What stands in FROM. Which of the further fields there are depends on its type. */
export interface TableRef {
  /** EMPTY, BASE_TABLE, SUBQUERY, JOIN, TABLE_FUNCTION, EXPRESSION_LIST, PIVOT, SHOW_REF ... */
  readonly type: string;
  readonly alias: string;
  readonly catalog_name?: string;
  readonly schema_name?: string;
  readonly table_name?: string;
  readonly column_name_alias?: readonly string[];
  readonly subquery?: Statement;
  /** JOIN. */
  readonly left?: TableRef;
  readonly right?: TableRef;
  readonly condition?: Expression | null;
  /** INNER, LEFT, RIGHT, FULL, SEMI, ANTI. */
  readonly join_type?: string;
  /** REGULAR, NATURAL, CROSS, POSITIONAL, ASOF. */
  readonly ref_type?: string;
  readonly using_columns?: readonly string[];
  /** TABLE_FUNCTION. */
  readonly function?: Expression;
  readonly with_ordinality?: string;
  /** EXPRESSION_LIST: rows. */
  readonly values?: readonly (readonly Expression[])[];
  /** PIVOT and UNPIVOT. */
  readonly source?: TableRef;
  readonly aggregates?: readonly Expression[];
  readonly unpivot_names?: readonly string[];
  readonly pivots?: readonly Pivot[];
  readonly groups?: readonly string[];
  readonly include_nulls?: boolean;
}

/** One list of a PIVOT or UNPIVOT. */
export interface Pivot {
  readonly pivot_expressions: readonly Expression[];
  readonly unpivot_names: readonly string[];
  readonly entries: readonly PivotEntry[];
}

/** One member of such a list. */
export interface PivotEntry {
  readonly values: readonly Constant[];
  readonly star_expr: Expression | null;
  readonly alias: string;
}

/** What follows a select: ORDER BY, LIMIT, DISTINCT. */
export interface Modifier {
  /** ORDER_MODIFIER, LIMIT_MODIFIER, LIMIT_PERCENT_MODIFIER, DISTINCT_MODIFIER. */
  readonly type: string;
  readonly orders?: readonly Order[];
  readonly distinct_on_targets?: readonly Expression[];
  readonly limit?: Expression | null;
  readonly offset?: Expression | null;
}

/** One common table expression. */
interface CommonTable {
  readonly key: string;
  readonly value: { readonly aliases: readonly string[]; readonly query: Statement };
}

/** A select, a set operation or a recursive common table. Which of the further fields there are depends on its type. */
export interface QueryNode {
  /** SELECT_NODE, SET_OPERATION_NODE, RECURSIVE_CTE_NODE. */
  readonly type: string;
  readonly modifiers: readonly Modifier[];
  readonly cte_map: { readonly map: readonly CommonTable[] };
  readonly select_list?: readonly Expression[];
  readonly from_table?: TableRef;
  readonly where_clause?: Expression | null;
  readonly group_expressions?: readonly Expression[];
  /** FORCE_AGGREGATES: GROUP BY ALL. */
  readonly aggregate_handling?: string;
  readonly having?: Expression | null;
  readonly qualify?: Expression | null;
  /** UNION, UNION_BY_NAME, INTERSECT, EXCEPT. */
  readonly setop_type?: string;
  readonly setop_all?: boolean;
  /** RECURSIVE_CTE_NODE. */
  readonly cte_name?: string;
  readonly union_all?: boolean;
  readonly aliases?: readonly string[];
  readonly left?: QueryNode;
  readonly right?: QueryNode;
}

/** A query where an expression or FROM has one. */
export interface Statement {
  readonly node: QueryNode;
}

/** A statement's tree, or why there is none. */
export type Parsed = { readonly node: QueryNode } | { readonly problem: string };

interface Serialised {
  readonly error: boolean;
  readonly error_message?: string;
  readonly statements?: readonly Statement[];
}

/** Places in the text say nothing here, and DuckDB's word for none is a number that JavaScript does not hold. */
const withoutPlaces = (tree: string): string => tree.replaceAll(/"query_location":\d+/g, '"query_location":0');

function toParsed(text: string): Parsed {
  const { error, error_message: message, statements = [] } = JSON.parse(withoutPlaces(text)) as Serialised;
  if (error) {
    return {
      problem: message?.startsWith('Only SELECT') ? 'it is no plain SELECT: DuckDB has no tree of it' : `${message}`,
    };
  }
  const [statement] = statements;
  if (!statement || statements.length > 1)
    return { problem: `one statement is needed, ${statements.length} are given` };
  return { node: statement.node };
}

/** How many texts one statement takes. */
const atOnce = 500;

/** What a function of SQL, written over `text`, makes of each of the texts. */
async function convert(duckdb: DuckDB, sql: string, texts: readonly string[]): Promise<readonly (string | null)[]> {
  const made: (string | null)[] = [];
  for (let start = 0; start < texts.length; start += atOnce) {
    const values = texts.slice(start, start + atOnce).map((text) => `(${sqlText(text)})`);
    const rows = await duckdb.rows<{ made: string | null }>(
      `SELECT ${sql} AS made FROM (VALUES ${values.join(', ')}) AS given (text)`,
    );
    made.push(...rows.map((row) => row.made));
  }
  return made;
}

/** The trees of statements, in their order. */
export async function parseStatements(duckdb: DuckDB, statements: readonly string[]): Promise<readonly Parsed[]> {
  const trees = await convert(duckdb, 'json_serialize_sql(text)::VARCHAR', statements);
  return trees.map((tree) => toParsed(tree ?? ''));
}

/** A select of nothing but expressions, as json_deserialize_sql takes it. */
const selectOf = (expressions: readonly Expression[]): string =>
  JSON.stringify({
    error: false,
    statements: [
      {
        node: {
          type: 'SELECT_NODE',
          modifiers: [],
          cte_map: { map: [] },
          select_list: expressions,
          from_table: { type: 'EMPTY', alias: '', sample: null },
          where_clause: null,
          group_expressions: [],
          group_sets: [],
          aggregate_handling: 'STANDARD_HANDLING',
          having: null,
          sample: null,
          qualify: null,
        },
        named_param_map: [],
      },
    ],
  });

/** Expressions as DuckDB writes them, in their order, without their aliases; '' for one that it cannot write. */
export async function expressionTexts(duckdb: DuckDB, expressions: readonly Expression[]): Promise<readonly string[]> {
  const trees = expressions.map((expression) => selectOf([{ ...expression, alias: '' }]));
  const written = await convert(duckdb, 'TRY(json_deserialize_sql(text))', trees);
  return written.map((text) => (text ?? '').replace(/^SELECT /, ''));
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The expressions directly within an expression, whatever its class; queries within it are left out. */
export function subExpressions(expression: Expression): readonly Expression[] {
  const within = (value: unknown): readonly Expression[] => {
    if (Array.isArray(value)) return value.flatMap(within);
    if (!isObject(value)) return [];
    if ('class' in value) return [value as Expression];
    return 'node' in value ? [] : Object.values(value).flatMap(within);
  };
  return Object.values(expression).flatMap(within);
}

/** An expression and all within it, but for queries. */
export const withSubExpressions = (expression: Expression): readonly Expression[] => [
  expression,
  ...subExpressions(expression).flatMap(withSubExpressions),
];

/** All of a tree's expressions whose names DuckDB makes of their text: those of select lists without an alias. */
export function unnamedExpressions(tree: unknown): readonly Expression[] {
  if (Array.isArray(tree)) return tree.flatMap(unnamedExpressions);
  if (!isObject(tree)) return [];
  const listed =
    'select_list' in tree ? (tree as QueryNode).select_list : 'aggregates' in tree ? (tree as TableRef).aggregates : [];
  const unnamed = (listed ?? []).filter(
    (item) => item.alias === '' && item.class !== 'COLUMN_REF' && item.class !== 'STAR',
  );
  return [...unnamed, ...Object.values(tree).flatMap(unnamedExpressions)];
}
