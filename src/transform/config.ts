/** Configs of models, seeds and tests: gathered from folders, YAML and files, then checked. */
import { z } from 'zod';
import { MillraceError } from '../kernel/errors.ts';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import type { JsonObject } from './template.ts';

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The configs written at one level of the tree: keys with a plus, and keys whose value is no folder. */
function configsOf(level: Readonly<Record<string, unknown>>): JsonObject {
  const own = Object.entries(level).filter(([key, value]) => key.startsWith('+') || !isTree(value));
  return Object.fromEntries(own.map(([key, value]) => [key.replace(/^\+/, ''), value as JsonValue]));
}

/**
 * The configs that dbt_project.yml sets for a node: those of every level on the way to it, the deeper one wins.
 * `way` is the project's name, the folders and the node's name.
 */
export function folderConfig(tree: unknown, way: readonly string[]): JsonObject {
  if (!isTree(tree)) return {};
  const [next, ...rest] = way;
  return { ...configsOf(tree), ...(next === undefined ? {} : folderConfig(tree[next], rest)) };
}

const enabled = z.boolean().default(true);
const alias = z.string().min(1).nullish();
const persistDocs = z
  .object({ relation: z.boolean().default(false), columns: z.boolean().default(false) })
  .default({ relation: false, columns: false });

/** The configs of a model. */
export const modelConfig = z.object({
  materialized: z.enum(['view', 'table']).default('view'),
  enabled,
  alias,
  persist_docs: persistDocs,
});

/** The configs of a seed. */
export const seedConfig = z.object({
  enabled,
  alias,
  persist_docs: persistDocs,
  delimiter: z.string().length(1).default(','),
  column_types: z.record(z.string(), z.string()).default({}),
});

/** The configs of a test. */
export const testConfig = z.object({
  enabled,
  severity: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['error', 'warn']))
    .default('error'),
  where: z.string().nullish(),
});

/** The configs of a source table. */
export const sourceConfig = z.object({ enabled });

/** Configs that change what is built and that this engine lacks: better refused than left aside. */
const unsupported: readonly string[] = [
  'schema',
  'database',
  'pre_hook',
  'pre-hook',
  'post_hook',
  'post-hook',
  'sql_header',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
];

/** Checks configs. `mistake` makes the error out of a problem. */
export function checkConfig<T>(schema: z.ZodType<T>, configs: JsonObject, mistake: (problem: string) => Error): T {
  const given = Object.fromEntries(Object.entries(configs).filter(([, value]) => value !== null));
  const refused = unsupported.find((key) => key in given);
  if (refused !== undefined) throw mistake(`the config ${refused} is not supported`);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw mistake(`the config ${issue?.path.map(String).join('.')} is wrong: ${issue?.message}`);
}

/** The mistake of a file without a line. */
export const fileMistake =
  (path: string) =>
  (problem: string): MillraceError =>
    new MillraceError('MR-TRF-001', { path, problem });
