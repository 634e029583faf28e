/** Empties a home: the schemas in PostgreSQL, the lake, the warehouse, the sample. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dropFormerStarSchemas } from '../publish/star-schema.ts';
import { migrate } from '../stores/postgres/migrate.ts';
import { exclusively, type PipelineContext } from './run.ts';

/** Removes all that was loaded and published; the key of email tokens and the database server stay. */
export const reset = (context: PipelineContext): Promise<void> =>
  exclusively(context, async () => {
    await context.postgres.run('DROP SCHEMA IF EXISTS shop, staging, production, history, warehouse, ops CASCADE');
    for (const folder of ['lake', 'raw', 'warehouse', 'sample', 'tmp']) {
      await rm(join(context.home, folder), { recursive: true, force: true });
    }
    await dropFormerStarSchemas(context.postgres);
    await migrate(context.postgres);
  });
