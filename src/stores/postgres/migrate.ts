/** Brings a database to this version's schema: plain numbered .sql files, in one transaction under a lock. */
import { join } from 'node:path';
import Postgrator from 'postgrator';
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { isSetupRefused, type Postgres, type Sql } from './postgres.ts';

/** The folder of this module may have characters in its path that a glob pattern gives a meaning to. */
const literally = (path: string): string => path.replace(/[*?[\]{}()!+@]/g, '[$&]');

const migrationPattern = join(literally(import.meta.dirname), 'migrations', '*.sql');

/**
 * Applies the migrations that the database lacks; gives the schema version it then has.
 * Errors: MR-PG-006 when a newer Millrace has been at work there, MR-PG-007 when the database refuses the schema.
 */
export async function migrate(postgres: Postgres): Promise<number> {
  try {
    return await postgres.transaction(apply);
  } catch (thrown) {
    if (!isSetupRefused(thrown)) throw thrown;
    throw new MillraceError('MR-PG-007', { problem: problemOf(thrown) }, thrown);
  }
}

async function apply(sql: Sql): Promise<number> {
  await sql.run(`SELECT pg_advisory_xact_lock(hashtextextended('millrace migrations', 0))`);
  const postgrator = new Postgrator({
    migrationPattern,
    driver: 'pg',
    schemaTable: 'ops.migrations',
    execQuery: async (query) => ({ rows: [...(await sql.rows(query))] }),
    execSqlScript: async (script) => {
      await sql.run(script);
    },
  });
  const [found, known] = [await postgrator.getDatabaseVersion(), await postgrator.getMaxVersion()];
  if (found > known) throw new MillraceError('MR-PG-006', { found, known });
  await postgrator.migrate();
  return known;
}
