/** What is kept of a project: served while nothing has changed, and never when anything that it was made of has. */
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFixture } from '../../../tests/setup/dbt-projects.ts';
import { makeFolder, root } from '../../../tests/setup/fixtures.ts';
import type { Manifest } from '../manifest/types.ts';
import type { ReadSettings } from './project.ts';

const example = join(root, 'tests', 'parity', 'parse-project');
const orders = 'model.feature.stg_orders';

interface Place {
  readonly project: string;
  readonly cacheFolder: string;
}

function place(): Place {
  const folder = makeFolder();
  const project = join(folder, 'project');
  cpSync(example, project, { recursive: true });
  return { project, cacheFolder: join(folder, 'cache') };
}

/** Changes what is kept, so that it is seen whether it is served. */
function mark({ cacheFolder }: Place): void {
  const path = join(cacheFolder, 'project.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('An amount of **money**.', 'kept'));
}

const isServed = (manifest: Manifest): boolean => manifest.nodes[orders]?.description.includes('kept') ?? false;

const read = (at: Place, settings: Partial<ReadSettings> = {}) =>
  readFixture(at.project, { cacheFolder: at.cacheFolder, ...settings });

const append = (path: string, text: string) => (at: Place) => appendFileSync(join(at.project, path), text);

const replace = (path: string, before: string, after: string) => (at: Place) => {
  const text = readFileSync(join(at.project, path), 'utf8');
  writeFileSync(join(at.project, path), text.replace(before, after));
};

/** What is changed, how, and the settings of the second reading. */
type Change = readonly [what: string, change: (at: Place) => void, settings: Partial<ReadSettings>];

const nothing = (): void => {};

const changes: readonly Change[] = [
  ['a model', append('models/staging/stg_orders.sql', '-- more\n'), {}],
  [
    'a model that is rendered',
    append('models/marts/fct.sql', "-- {{ ref('dim_three') if false else ref('colours') }}\n"),
    {},
  ],
  [
    'a property file',
    append('models/marts/dim.yml', '  - name: board_two\n    type: ml\n    owner: {name: Ann}\n'),
    {},
  ],
  ['a macro', append('macros/m.sql', '{% macro one_more() %}1{% endmacro %}\n'), {}],
  ['a macro that a model calls', replace('macros/m.sql', '{{ feature.cents(col) }}', "{{ ref('helper_model') }}"), {}],
  ['a docs block', append('models/docs.md', '{% docs third %}Third.{% enddocs %}\n'), {}],
  ['a seed', append('seeds/colours.csv', '3,green\n'), {}],
  ['a fixture', append('tests/fixtures/fx.csv', '2,y\n'), {}],
  ['the project file', append('dbt_project.yml', 'asset-paths: []\n'), {}],
  ['a package', append('packages/helper/models/helper_model.sql', '-- more\n'), {}],
  ['a file that is gone', (at) => rmSync(join(at.project, 'analyses'), { recursive: true }), {}],
  ['a variable', nothing, { vars: { raw_schema: 'elsewhere' } }],
  [
    'an environment variable that a model reads',
    nothing,
    { env: (name) => (name === 'FEATURE_ENV' ? 'set' : undefined) },
  ],
  ['the target', nothing, { target: { name: 'prod', schema: 'other', database: 'shop', threads: 1 } }],
];

const entriesOf = ({ metadata: _, ...rest }: Manifest): Omit<Manifest, 'metadata'> => rest;

describe('a project that was read before', () => {
  test('is served as it was while nothing has changed, with warnings and macros', async () => {
    const at = place();
    const first = await read(at);
    const again = await read(at);
    expect(again.manifest).toEqual(first.manifest);
    expect(again.warnings).toEqual(first.warnings);
    expect(again.macros.find('cents', 'feature')?.block().parameters).toEqual(['col', 'scale']);
    mark(at);
    expect(isServed((await read(at)).manifest)).toBe(true);
  });

  test('has the moment and the name of the run that reads it', async () => {
    const at = place();
    await read(at);
    const { manifest } = await read(at, { invocationId: 'another', clock: () => new Date('2027-01-01T00:00:00Z') });
    expect(manifest.metadata).toMatchObject({ invocation_id: 'another', generated_at: '2027-01-01T00:00:00.000Z' });
  });

  test.each(changes)(
    'is not served after a change of %s, and is then as if nothing had been kept',
    async (_, change, settings) => {
      const at = place();
      await read(at);
      mark(at);
      change(at);
      const { manifest, warnings } = await read(at, settings);
      expect(isServed(manifest)).toBe(false);
      const anew = await read(at, { ...settings, cacheFolder: null });
      expect(entriesOf(manifest)).toEqual(entriesOf(anew.manifest));
      expect(warnings).toEqual(anew.warnings);
    },
  );

  test('is read anew when what was kept is cut short', async () => {
    const at = place();
    const { manifest } = await read(at);
    for (const name of ['project.jsonl', 'files.json', 'definitions.json'])
      writeFileSync(join(at.cacheFolder, name), '{"key":');
    expect((await read(at)).manifest).toEqual(manifest);
  });

  test('is read also where nothing can be kept', async () => {
    const at = place();
    writeFileSync(at.cacheFolder, 'no folder');
    expect((await read(at)).manifest.nodes[orders]?.name).toBe('stg_orders');
  });
});
