/** A project with each feature of dbt's format: its manifest here is dbt's own, in all that is selected, run and compared. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/stores/duckdb/duckdb.ts';
import { readFixture } from '../setup/dbt-projects.ts';
import { makeFolder, root } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';

const run = promisify(execFile);
const dbt = findTool('dbt');
const project = join(import.meta.dirname, 'parse-project');
const expected = join(import.meta.dirname, 'parse-project.expected.txt');
const target = { name: 'dev', schema: 'main', database: 'feature', threads: 1 };

type Json = Readonly<Record<string, JsonValue>>;

/** What differs from run to run, from place to place, or has no meaning for us. */
const leftOut: readonly string[] = [
  'created_at',
  'root_path',
  'build_path',
  'compiled_path',
  'functions',
  'metrics',
  'language',
];

const isObject = (value: JsonValue | undefined): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys in order; tags, and references that are noted twice, as sets. */
function settled(value: JsonValue, key = ''): JsonValue {
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) => settled(item));
    const isSet = key === 'tags' || key === 'refs' || key === 'sources';
    return isSet ? [...new Set(items.map((item) => JSON.stringify(item)))].sort() : items;
  }
  if (!isObject(value)) return value;
  const keys = Object.keys(value).filter((name) => !leftOut.includes(name));
  return Object.fromEntries(keys.sort().map((name) => [name, settled(value[name] ?? null, name)]));
}

/** What only templates have: dbt leaves it out of seeds. */
const ofTemplates: readonly string[] = ['refs', 'sources', 'contract'];

function entryOf(entry: Json): Json {
  const isSeed = entry.resource_type === 'seed';
  const known = Object.entries(entry).filter(([key]) => !isSeed || !ofTemplates.includes(key));
  const depends = entry.depends_on;
  return Object.fromEntries(
    known.map(([key, value]) => [
      key,
      key === 'depends_on' && isSeed && isObject(depends) ? { macros: depends.macros ?? [] } : value,
    ]),
  );
}

const sections = ['nodes', 'sources', 'exposures', 'groups', 'unit_tests', 'docs', 'macros'];

/** A manifest as lines: one for each entry of the project and its packages, and one for each node of the graph. */
function linesOf(manifest: Json): string {
  const own = (section: string): readonly (readonly [string, JsonValue])[] =>
    Object.entries(isObject(manifest[section]) ? manifest[section] : {}).filter(
      ([id]) => !['dbt', 'dbt_duckdb'].includes(id.split('.')[1] ?? ''),
    );
  const entries = sections.flatMap((section) =>
    own(section).map(([id, entry]) => `${section} ${id} ${JSON.stringify(settled(entryOf(entry as Json)))}`),
  );
  const disabled = own('disabled').map(([id]) => `disabled ${id}`);
  const maps = ['parent_map', 'child_map', 'group_map'].flatMap((map) =>
    own(map).map(([id, ids]) => `${map} ${id} ${JSON.stringify([...(ids as readonly string[])].sort())}`),
  );
  return `${[...entries, ...disabled, ...maps].sort().join('\n')}\n`;
}

/** The manifest that dbt makes of a copy of a project. */
async function manifestOfDbt(from: string, settings: Readonly<Record<string, string>>): Promise<Json> {
  const folder = makeFolder();
  cpSync(from, folder, { recursive: true });
  const words = ['--quiet', '--project-dir', folder, '--profiles-dir', folder];
  const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', ...settings };
  await run(dbt ?? '', ['deps', ...words], { cwd: folder, env });
  await run(dbt ?? '', ['parse', '--no-partial-parse', ...words], { cwd: folder, env });
  return JSON.parse(readFileSync(join(folder, 'target', 'manifest.json'), 'utf8')) as Json;
}

describe('a project with each feature', () => {
  test('its manifest is the one that dbt makes', async () => {
    const { manifest } = await readFixture(project, { target });
    expect(linesOf(manifest as unknown as Json).split('\n')).toEqual(readFileSync(expected, 'utf8').split('\n'));
  });

  test.skipIf(!dbt)(`what is expected is what dbt makes of it${whyLeftOut('dbt', dbt)}`, async () => {
    await expect(linesOf(await manifestOfDbt(project, {}))).toMatchFileSnapshot(expected);
  });
});

test.skipIf(!dbt)(`the manifest of warehouse/ is the one that dbt makes${whyLeftOut('dbt', dbt)}`, async () => {
  const warehouse = join(root, 'warehouse');
  const made = await manifestOfDbt(warehouse, { DBT_DUCKDB_FILE: 'shop.duckdb' });
  const { manifest } = await readFixture(warehouse);
  expect(linesOf(manifest as unknown as Json).split('\n')).toEqual(linesOf(made).split('\n'));
});
