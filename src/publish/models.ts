/** Opens the project of the warehouse's models for a home. */
import { join } from 'node:path';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import type { CompiledModel } from '../transform/lineage/lineage.ts';
import { openSession, type Session } from '../transform/session.ts';
import { warehouseFolder } from './warehouse.ts';

/** Which project, for which home. */
export interface WarehouseSettings {
  /** The folder of dbt_project.yml. */
  readonly folder: string;
  readonly home: string;
  /** The variables that models may ask for; SHOP_TIMEZONE among them. */
  readonly env: (name: string) => string | undefined;
  /** Models built at once. */
  readonly threads: number;
  readonly clock: () => Date;
  /** A UUID. */
  readonly invocationId: string;
  readonly warn: (message: string) => void;
}

/**
 * Reads the models. Their relations are called by schema and name alone: the file that they are built in gets another name
 * when it is published. Artifacts go below the home. Errors: those of `openSession`.
 */
export const openWarehouse = ({ folder, home, threads, ...others }: WarehouseSettings): Promise<Session> =>
  openSession({
    ...others,
    folder,
    target: { name: 'duckdb', database: '', schema: 'main', threads },
    vars: {},
    flags: { WHICH: 'build' },
    args: { which: 'build' },
    targetFolder: join(warehouseFolder(home), 'target'),
    log: () => undefined,
  });

/** The models in the order in which they are built, as DuckDB gets them. Errors: MR-TRF-111 where a template fails. */
export async function compileWarehouse(project: Session, duckdb: DuckDB): Promise<readonly CompiledModel[]> {
  const { nodes } = project.manifest;
  const models = project.order.filter((id) => nodes[id]?.resource_type === 'model');
  const compiled = await project.compile(duckdb, models);
  return compiled.flatMap(({ unique_id, name, sql }) => {
    const node = nodes[unique_id];
    return node ? [{ name, relation: { schema: node.schema, identifier: node.alias }, sql }] : [];
  });
}
