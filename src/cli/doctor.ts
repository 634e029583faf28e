/** `millrace doctor`: looks at everything that Millrace depends on, and says what to mend. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { asMillraceError, MillraceError } from '../kernel/errors.ts';
import { type Check, checkBooks } from '../pipeline/status.ts';
import { describeReaders } from '../publish/readers.ts';
import type { App } from './app.ts';
import { jsonOption } from './options.ts';
import { printResult } from './print.ts';

/** Less free space than this is worth a word. */
const littleSpace = 1024 ** 3;

async function attempt(name: string, home: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, finding: await look() };
  } catch (thrown) {
    const error = asMillraceError(thrown, home);
    return { name, ok: false, finding: `${error.code} ${error.message} ${error.remedy}` };
  }
}

async function checkDisk(home: string): Promise<string> {
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  if (free < littleSpace)
    throw new MillraceError('MR-DSK-003', { path: home, free: `${Math.round(free / 1024 ** 2)} MiB` });
  return `${(free / 1024 ** 3).toFixed(1)} GiB free`;
}

async function examine(app: App): Promise<readonly Check[]> {
  const { home } = app.config;
  const checks: Check[] = [
    await attempt('Node', home, async () => process.version),
    await attempt('settings', home, async () => `home ${home}, ${app.config.currency}, ${app.config.timeZone}`),
  ];
  try {
    await app.withPipeline(async (context) => {
      const [server] = await context.postgres.rows<{ version: string }>(
        `SELECT current_setting('server_version') AS version`,
      );
      const place = app.config.databaseUrl ? 'at DATABASE_URL' : 'embedded';
      checks.push({ name: 'PostgreSQL', ok: true, finding: `${server?.version ?? 'unknown version'}, ${place}` });
      checks.push(...(await checkBooks(context)));
      checks.push(await attempt('BI roles', home, () => describeReaders(context.postgres)));
      checks.push(
        await attempt('models', home, async () => {
          const { nodes } = (await context.loadProject()).manifest;
          const models = Object.values(nodes).filter(({ resource_type }) => ['model', 'seed'].includes(resource_type));
          return `${models.length} models and seeds`;
        }),
      );
    });
  } catch (thrown) {
    checks.push(await attempt('PostgreSQL', home, () => Promise.reject(thrown)));
  }
  checks.push(await attempt('disk', home, () => checkDisk(home)));
  checks.push(
    await attempt('warehouse', home, () =>
      app.withWarehouse(async (duckdb) => {
        const [tables] = await duckdb.rows<{ count: number }>(
          `SELECT count(*) AS count FROM duckdb_tables() WHERE schema_name = 'main'`,
        );
        return `${tables?.count ?? 0} tables published`;
      }),
    ),
  );
  const page = join(app.dashboard, 'index.html');
  checks.push(
    await attempt('dashboard', home, async () => {
      // Whoever only runs the pipeline needs none.
      return existsSync(page) ? 'built' : 'not built: millrace serve needs it; npm start builds it';
    }),
  );
  return checks;
}

/** The exit code: 3 when PostgreSQL cannot be reached, 1 when something else is wrong. */
function exitCodeOf(checks: readonly Check[]): 0 | 1 | 3 {
  const wrong = checks.filter(({ ok }) => !ok);
  if (wrong.some(({ name }) => name === 'PostgreSQL')) return 3;
  return wrong.length > 0 ? 1 : 0;
}

const render = (checks: readonly Check[]): string =>
  checks.map(({ name, ok, finding }) => `${ok ? 'ok   ' : 'WRONG'} ${name.padEnd(11)} ${finding}\n`).join('');

/** The command. */
export const doctorCommand = (app: () => App): Command =>
  new Command('doctor')
    .description('check stores, settings, disk, ledger, audit log and dashboard')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExits with 1 when something is wrong, with 3 when PostgreSQL cannot be reached.\n\nExample:\n  millrace doctor',
    )
    .action(async (words: { json?: true }) => {
      const checks = await examine(app());
      printResult(app(), words, checks, render);
      process.exitCode = exitCodeOf(checks);
    });
