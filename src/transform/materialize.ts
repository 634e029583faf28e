/** The SQL that makes views, tables and seeds in DuckDB. */
import { sqlName, sqlText } from '../stores/duckdb/duckdb.ts';
import { type Model, relationSql, type Seed } from './manifest.ts';

/** What a name stands for in the database before it is built. */
export type Existing = 'view' | 'table' | undefined;

/** The tables and views that exist: columns schema, name, kind ('view' or 'table'). */
export const existingRelations = (): string =>
  `select table_schema as schema, table_name as name, if(table_type = 'VIEW', 'view', 'table') as kind
from information_schema.tables
where table_catalog = current_database()`;

/** Replacing works only like for like, so what is of the other kind goes first. */
const dropOther = (relation: string, existing: Existing, wanted: 'view' | 'table'): readonly string[] =>
  existing === undefined || existing === wanted ? [] : [`drop ${existing} ${relation}`];

/** Makes a view. The select begins on the statement's first line, so that DuckDB's line numbers are the model's. */
function viewStatements(model: Model, existing: Existing): readonly string[] {
  const relation = relationSql(model.relation);
  return [...dropOther(relation, existing, 'view'), `create or replace view ${relation} as (${model.sql}\n)`];
}

/** Makes a table, and gives the number of its rows. Line numbers as in `viewStatements`. */
function tableStatements(model: Model, existing: Existing): readonly string[] {
  const relation = relationSql(model.relation);
  return [...dropOther(relation, existing, 'table'), `create or replace table ${relation} as (${model.sql}\n)`];
}

/** The types that a seed's column may be found to have, as dbt finds them; wider than 32 bits where needed. */
const seedTypes = ['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR'];

const struct = (entries: Readonly<Record<string, string>>): string =>
  `{${Object.entries(entries)
    .map(([key, value]) => `${sqlText(key)}: ${sqlText(value)}`)
    .join(', ')}}`;

/** Makes a table of a CSV file, and gives the number of its rows. */
function seedStatements(seed: Seed, existing: Existing): readonly string[] {
  const relation = relationSql(seed.relation);
  const options = [
    sqlText(seed.file),
    'header = true',
    `delim = ${sqlText(seed.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    'sample_size = -1',
    `dateformat = '%Y-%m-%d'`,
    `auto_type_candidates = [${seedTypes.map(sqlText).join(', ')}]`,
    ...(Object.keys(seed.columnTypes).length > 0 ? [`types = ${struct(seed.columnTypes)}`] : []),
  ];
  return [
    ...dropOther(relation, existing, 'table'),
    `create or replace table ${relation} as select * from read_csv(${options.join(', ')})`,
  ];
}

/** Makes what the node is, in place of what there is under its name. The last statement of a table gives its rows' count. */
export function createStatements(node: Model | Seed, existing: Existing): readonly string[] {
  if (node.kind === 'seed') return seedStatements(node, existing);
  return node.materialized === 'view' ? viewStatements(node, existing) : tableStatements(node, existing);
}

/** Writes descriptions into the database as comments, as far as `persist_docs` asks for them; [] when it does not. */
export function commentStatements(node: Model | Seed): readonly string[] {
  const relation = relationSql(node.relation);
  const kind = node.materialized === 'view' ? 'view' : 'table';
  const columns = node.persistDocs.columns ? node.columns.filter((column) => column.description !== '') : [];
  return [
    ...(node.persistDocs.relation && node.description !== ''
      ? [`comment on ${kind} ${relation} is ${sqlText(node.description)}`]
      : []),
    ...columns.map(
      (column) => `comment on column ${relation}.${sqlName(column.name)} is ${sqlText(column.description)}`,
    ),
  ];
}
