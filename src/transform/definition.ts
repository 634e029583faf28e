/** dbt_project.yml: where a project keeps its files, its variables, and the configs that hold for whole folders. */
import { z } from 'zod';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import { readProjectFile } from './files.ts';
import { readYaml, strictKeys, type YamlFile } from './yaml.ts';

const paths = (fallback: string) => z.array(z.string().min(1)).default([fallback]);
const tree = z.record(z.string(), z.unknown()).nullish();
const ignored = z.unknown().optional();

const schema = strictKeys({
  name: z.string().regex(/^[a-zA-Z_]\w*$/, 'a name of letters, digits and underscores is needed'),
  'model-paths': paths('models'),
  'seed-paths': paths('seeds'),
  'macro-paths': paths('macros'),
  'test-paths': paths('tests'),
  vars: tree,
  models: tree,
  seeds: tree,
  data_tests: tree,
  tests: tree,
  version: ignored,
  'config-version': ignored,
  profile: ignored,
  flags: ignored,
  'analysis-paths': ignored,
  'snapshot-paths': ignored,
  'docs-paths': ignored,
  'asset-paths': ignored,
  'target-path': ignored,
  'log-path': ignored,
  'packages-install-path': ignored,
  'clean-targets': ignored,
  'require-dbt-version': ignored,
  'query-comment': ignored,
  'semantic-models': ignored,
  exposures: ignored,
  metrics: ignored,
  sources: ignored,
});

/** dbt_project.yml as it is written. */
export type ProjectDefinition = z.infer<typeof schema>;

/** Reads dbt_project.yml in the folder. Errors: MR-TRF-001. */
export const readDefinition = (folder: string): YamlFile<ProjectDefinition> =>
  readYaml(readProjectFile(folder, 'dbt_project.yml'), schema);

/** The variables that the project sets, those under its own name before those for all. */
export function projectVars(definition: ProjectDefinition): Readonly<Record<string, JsonValue>> {
  const all = (definition.vars ?? {}) as Record<string, JsonValue>;
  const own = all[definition.name];
  const isGroup = typeof own === 'object' && own !== null && !Array.isArray(own);
  return isGroup ? { ...all, ...(own as Record<string, JsonValue>) } : all;
}
