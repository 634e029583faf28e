/** The transform engine on projects that are not this program's own: beside dbt, and the reading of a large project. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBundle } from '../../scripts/bundle.mjs';
import { alternate, secondsOf } from '../measure.ts';
import { run } from '../psql.ts';
import type { Measured, Skipped } from '../result.ts';
import type { Bench, Row } from '../row.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'bin', 'millrace');
const sample = join(root, 'tests', 'parity', 'cafe', 'project');

/** Which processes are compared: those that have all to read, or those that another one went before. */
type Warmth = 'cold' | 'warm';

/** A folder in which one of the two builds the project. */
interface Place {
  readonly target: string;
  readonly database: string;
  readonly build: () => Promise<unknown>;
}

const environment = (more: Readonly<Record<string, string>>) => ({
  env: { PATH: process.env.PATH, HOME: process.env.HOME, ...more },
});

function ownPlace(folder: string, project: string): Place {
  const [target, database] = [join(folder, 'own-target'), join(folder, 'own.duckdb')];
  const words = ['build', '--project-dir', project, '--duckdb', database, '--target-path', target];
  const settings = environment({ MILLRACE_HOME: join(folder, 'home') });
  return { target, database, build: () => run(program, words, settings) };
}

function dbtPlace(folder: string, project: string, python: string): Place {
  const [target, database] = [join(folder, 'dbt-target'), join(folder, 'dbt.duckdb')];
  const words = ['build', '--project-dir', project, '--profiles-dir', project, '--target-path', target];
  const settings = environment({
    DBT_DUCKDB_FILE: database,
    DBT_LOG_PATH: join(folder, 'logs'),
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
  });
  return { target, database, build: () => run(join(dirname(python), 'dbt'), words, settings) };
}

/** Cold: nothing was read and nothing is built; warm: the same build again. */
function contender({ target, database, build }: Place, warmth: Warmth) {
  return () => {
    if (warmth === 'cold') for (const path of [target, database]) rmSync(path, { recursive: true, force: true });
    return secondsOf(build);
  };
}

async function besideDbt(bench: Bench, warmth: Warmth): Promise<Measured | Skipped> {
  const what = `build of 14 models, 6 seeds and 30 tests, ${warmth}`;
  const python = process.env.BENCH_DBT_PYTHON;
  if (!python) return { what, skipped: 'BENCH_DBT_PYTHON names no Python with dbt-core and dbt-duckdb' };
  const folder = join(bench.folder, `cafe-${warmth}`);
  const project = join(folder, 'project');
  mkdirSync(folder);
  cpSync(sample, project, { recursive: true });
  const rounds = Math.min(bench.rounds, 5);
  await ensureBundle(() => bench.say('bundling the program'));
  bench.say(`building a small project beside dbt, ${warmth}, ${rounds} rounds`);
  const { ours, dbt } = await alternate(rounds, {
    ours: contender(ownPlace(folder, project), warmth),
    dbt: contender(dbtPlace(folder, project, python), warmth),
  });
  return { what, unit: 's', ours, reference: { name: 'dbt build', values: dbt }, aim: { kind: 'speed', atLeast: 10 } };
}

/** How many models the generated project has, and how many of them a file of properties describes. */
const [models, described] = [1_000, 50];

const nameOf = (index: number): string => `model_${String(index).padStart(4, '0')}`;

/** Each model reads two that come before it, through a macro and with a config of its own. */
function modelText(index: number): string {
  const [one, other] = [Math.floor(index / 2), Math.floor(index / 3)];
  const from =
    index < 2
      ? 'select 1 as id, 2 as amount'
      : `select id, {{ doubled('amount') }} as amount from {{ ref('${nameOf(one)}') }}`;
  const more = index < 2 ? '' : `\nunion all select id, amount from {{ ref('${nameOf(other)}') }}`;
  return `{{ config(materialized='${index % 3 === 0 ? 'table' : 'view'}', tags=['t${index % 7}']) }}\n${from}${more}\n`;
}

const propertiesOf = (index: number): string => `  - name: ${nameOf(index)}
    description: Number ${index} of the models.
    columns:
      - name: id
        description: What it is known by.
        data_tests: [not_null]
      - name: amount
        description: How much.
`;

function writeProject(folder: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('dbt_project.yml', 'name: large\nversion: "1.0"\nconfig-version: 2\nprofile: large\n');
  write('macros/doubled.sql', '{% macro doubled(column) %}{{ column }} * 2{% endmacro %}');
  for (let first = 0; first < models; first += described) {
    const indexes = Array.from({ length: described }, (_, place) => first + place);
    const part = `models/part_${first / described}`;
    for (const index of indexes) write(`${part}/${nameOf(index)}.sql`, modelText(index));
    write(`${part}/models.yml`, `models:\n${indexes.map(propertiesOf).join('')}`);
  }
}

async function reading(bench: Bench): Promise<readonly Measured[]> {
  const [folder, target] = [join(bench.folder, 'large'), join(bench.folder, 'large-target')];
  writeProject(folder);
  const script = join(root, 'bench', 'parse-project.ts');
  const parse = async (): Promise<number> =>
    Number((await run(process.execPath, [script, folder, target], environment({}))).stdout);
  bench.say(`reading ${models.toLocaleString('en-US')} models`);
  const { cold, kept } = await alternate(Math.min(bench.rounds, 5), {
    cold: () => {
      rmSync(target, { recursive: true, force: true });
      return parse();
    },
    kept: parse,
  });
  const what = 'reading a project of 1,000 models and 1,000 tests';
  return [
    { what: `${what}, cold`, unit: 's', ours: cold, aim: { kind: 'limit', atMost: 2 } },
    { what: `${what}, unchanged`, unit: 's', ours: kept, aim: { kind: 'limit', atMost: 0.3 } },
  ];
}

/** The row. */
export const transformEngine: Row = {
  name: 'transform',
  description: 'millrace build of a small dbt project beside dbt, whole processes; the reading of 1,000 models',
  measure: async (bench) => [await besideDbt(bench, 'cold'), await besideDbt(bench, 'warm'), ...(await reading(bench))],
};
