/** The artifacts that commands leave in target/ are what dbt's own schemas of them say. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/transform/manifest/types.ts';
import { afterTheLast, makeFolder, makeHome, runMillrace, smallShop, writeFiles } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { applySql, conformancePackages } from './conformance-run.ts';
import { copyProject, type ProjectCopy, readJson } from './dbt-runner.ts';

const dbt = findTool('dbt');

const artifacts = ['manifest.json', 'run_results.json', 'catalog.json', 'sources.json'] as const;

interface Artifact {
  readonly metadata: { readonly generated_at: string; readonly invocation_id: string };
}

/** Makes each schema with the Python of dbt. */
function readSchemas(program: string): Readonly<Record<string, ValidateFunction>> {
  const python = join(dirname(program), 'python');
  const script = join(import.meta.dirname, 'artifact_schemas.py');
  const schemas = JSON.parse(execFileSync(python, [script], { encoding: 'utf8', maxBuffer: 2 ** 25 }));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  return Object.fromEntries(artifacts.map((name) => [name, ajv.compile(schemas[name])]));
}

/** The words of a command on a copy of a project. */
const placeOf = ({ folder, file, target }: ProjectCopy): readonly string[] => [
  '--project-dir',
  folder,
  '--duckdb',
  file,
  '--target-path',
  target,
];

/** Runs commands, all of which may find failures in the data but nothing else; gives what each said. */
async function runAll(commands: readonly (readonly string[])[], env: Readonly<Record<string, string>>): Promise<void> {
  for (const words of commands) {
    const { code, stderr } = await runMillrace(words, env);
    expect([0, 1], stderr).toContain(code);
  }
}

async function buildCopy(name: string, project: ProjectCopy): Promise<void> {
  mkdirSync(dirname(project.file), { recursive: true });
  if (name === 'conformance') await applySql(project, name, 'first.sql');
  const place = placeOf(project);
  const env = { MILLRACE_HOME: join(dirname(project.folder), 'home') };
  // Some of the templates of the conformance project are meant to fail.
  const documenting = name === 'conformance' ? ['--no-compile'] : [];
  const commands = [
    ['build', ...place],
    ['docs', 'generate', ...documenting, ...place],
    ['freshness', ...place],
  ];
  await runAll(commands, env);
}

async function buildHome(atEnd: (work: () => void | Promise<void>) => void): Promise<string> {
  const home = await makeHome(atEnd);
  const run = ['run', '--input', writeFiles(smallShop, atEnd), '--as-of', '2024-04-01'];
  await runAll([run, ['docs', 'generate'], ['freshness']], home);
  return join(home.MILLRACE_HOME, 'warehouse', 'target');
}

describe.skipIf(!dbt)(`the artifacts${whyLeftOut('dbt', dbt)}`, () => {
  const atEnd = afterTheLast();
  let schemas: Readonly<Record<string, ValidateFunction>>;
  const targets: Record<string, string> = {};

  beforeAll(async () => {
    schemas = readSchemas(dbt ?? '');
    for (const [name, packages] of [
      ['cafe', {}],
      ['conformance', conformancePackages],
    ] as const) {
      const project = copyProject(name, makeFolder(atEnd), packages);
      await buildCopy(name, project);
      targets[name] = project.target;
    }
    targets.warehouse = await buildHome(atEnd);
  }, 240_000);

  const cases = ['cafe', 'conformance', 'warehouse'].flatMap((name) =>
    artifacts.map((artifact) => ({ name, artifact })),
  );

  test.each(cases)('$artifact of $name is valid', ({ name, artifact }) => {
    const validate = schemas[artifact];
    const valid = validate?.(readJson(targets[name] ?? '', artifact));
    expect(validate?.errors?.slice(0, 20) ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test('the manifest and the catalog tell of all that was built', () => {
    const manifest = readJson<Manifest>(targets.warehouse ?? '', 'manifest.json');
    const catalog = readJson<{ nodes: Record<string, unknown> }>(targets.warehouse ?? '', 'catalog.json');
    const built = Object.values(manifest.nodes).filter(({ resource_type }) => ['model', 'seed'].includes(resource_type));
    expect(Object.keys(catalog.nodes).sort()).toEqual(built.map(({ unique_id }) => unique_id).sort());
  });

  test('a manifest that comes of the kept reading is of the command that wrote it', () => {
    const [manifest, catalog] = ['manifest.json', 'catalog.json'].map(
      (artifact) => readJson<Artifact>(targets.cafe ?? '', artifact).metadata,
    );
    const { metadata } = readJson<Artifact>(targets.cafe ?? '', 'run_results.json');
    expect(manifest?.invocation_id).toBe(catalog?.invocation_id);
    expect(manifest?.invocation_id).not.toBe(metadata.invocation_id);
    expect(Date.parse(manifest?.generated_at ?? '')).toBeGreaterThan(Date.parse(metadata.generated_at));
  });
});
