/** Lineage of relations whose way is declared, column by column, as SQL over the relation before. */
import { type DuckDB, sqlName } from '../../stores/duckdb/duckdb.ts';
import { createCatalog } from './catalog.ts';
import { type RelationLineage, resolveLineage } from './lineage.ts';

/** A relation whose way is declared. */
export interface DeclaredRelation {
  readonly id: string;
  /** The id of the relation that it is made of; undefined for one that comes from elsewhere. */
  readonly from?: string;
  readonly columns: readonly {
    readonly name: string;
    /** SQL over the columns of `from`; undefined for a column that `madeBy` tells of. */
    readonly expression?: string;
    readonly madeBy?: string;
  }[];
}

const selectOf = ({ from, columns }: DeclaredRelation): string => {
  const items = columns.map(({ name, expression }) => `${expression ?? 'NULL'} AS ${sqlName(name)}`);
  return `SELECT ${items.join(', ')}${from === undefined ? '' : ` FROM ${sqlName(from)}`}`;
};

/** The lineage of declared relations, each of which comes after the one that it is made of. */
export async function resolveDeclared(
  duckdb: DuckDB,
  declared: readonly DeclaredRelation[],
): Promise<readonly RelationLineage[]> {
  const models = declared.map((relation) => ({
    name: relation.id,
    relation: { schema: 'main', identifier: relation.id },
    sql: selectOf(relation),
  }));
  const resolved = await resolveLineage(duckdb, createCatalog('', []), models);
  return resolved.map((relation, place) => ({
    ...relation,
    kind: 'declared',
    columns: relation.columns.map(({ expression, ...column }) => {
      const madeBy = declared[place]?.columns.find(({ name }) => name === column.name)?.madeBy;
      if (madeBy !== undefined) return { ...column, madeBy };
      return expression === undefined ? column : { ...column, expression };
    }),
  }));
}
