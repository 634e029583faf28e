/** Selection finds what dbt's `list` finds, over the conformance project as dbt parses it and over a changed one. */
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDuckDB } from '../../src/stores/duckdb/duckdb.ts';
import type { Manifest } from '../../src/transform/manifest/types.ts';
import { listEntries } from '../../src/transform/select/list.ts';
import type { EarlierState } from '../../src/transform/select/methods.ts';
import { selectEntries } from '../../src/transform/select/select.ts';
import { afterTheLast, makeFolder, smallLimits } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import { conformancePackages } from './conformance-run.ts';
import { copyProject, type DbtOutcome, type ProjectCopy, readJson, runDbt } from './dbt-runner.ts';
import { readOwn, selectorsOf } from './own-runner.ts';
import { readWords, wordsOf } from './select-words.ts';
import { mistakes, outputs, selections, stateSelections } from './selections.ts';

const dbt = findTool('dbt');

const here = import.meta.dirname;

/** Changes a bit of everything that `state:modified` tells apart. */
function changeProject(project: string): void {
  const edit = (path: string, from: string, to: string): void => {
    const text = readFileSync(join(project, path), 'utf8');
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
    writeFileSync(join(project, path), text.replace(from, to));
  };
  appendFileSync(join(project, 'models/staging/stg_events.sql'), '\nwhere true');
  edit('models/increments/inc_merge.sql', "unique_key='customer_id'", "unique_key=['customer_id']");
  edit('models/marts/dim_customers.sql', "schema='people'", "schema='persons'");
  edit('models/marts/marts.yml', 'With a second line', 'With another line');
  edit('models/marts/marts.yml', 'data_type: date', 'data_type: timestamp');
  edit('models/marts/marts.yml', 'What sales looks at', 'What sales looked at');
  edit('models/staging/sources.yml', 'identifier: Odd Name', 'identifier: Odder Name');
  edit('models/staging/staging.yml', 'severity: error, tags: [known]', 'severity: warn, tags: [known]');
  edit('models/features/unit_tests.yml', 'order_id: 7, amount: 1.5', 'order_id: 8, amount: 1.5');
  edit('models/semantic/semantic.yml', 'What came in', 'What came');
  edit('macros/values.sql', "'{{ small }}' else", "'{{ small }}!' else");
  edit('seeds/typed.csv', 'plain', 'plainer');
  edit('snapshots/snap_deletes.sql', 'id, name, tier, updated_at', 'id, tier, name, updated_at');
  edit('dbt_project.yml', '+tags: [staging]', '+tags: [staging, more]');
  edit('tests/two_parents.sql', 'c.orders < 0', 'c.orders < -1');
  rmSync(join(project, 'models/features/odd_source.sql'));
  edit(
    'models/features/unit_tests.yml',
    `  - name: no_rows
    model: odd_source
    given:
      - input: source('raw', 'odd')
        rows: []
    expect: { rows: [] }
`,
    '',
  );
  writeFileSync(join(project, 'models/features/newcomer.sql'), "select * from {{ ref('stg_orders') }}");
}

interface Both {
  readonly manifest: Manifest;
  readonly project: ProjectCopy;
  readonly found: ReadonlyMap<string, DbtOutcome>;
  readonly earlier: EarlierState;
}

const listing = (project: ProjectCopy, state?: string) => (text: string) => [
  'list',
  ...(text.includes('--output') ? [] : ['--output', 'json', '--output-keys', 'unique_id']),
  ...wordsOf(text),
  ...(state ? ['--state', state] : []),
  '--target-path',
  join(project.target, 'lists'),
];

/** A built project, what dbt lists of it, and what it lists of a changed one that is compared with it. */
async function listWithDbt(program: string): Promise<{ readonly built: Both; readonly changed: Both }> {
  const folder = makeFolder(afterTheLast());
  const project = copyProject('conformance', join(folder, 'first'), conformancePackages);
  await runDbt(program, project, []);
  const duckdb = await openDuckDB(project.file, smallLimits(folder));
  await duckdb.run(readFileSync(join(here, 'conformance', 'steps', 'first.sql'), 'utf8'));
  duckdb.close();
  const texts = [...selections, ...outputs, ...mistakes];
  const outcomes = await runDbt(program, project, [['build'], ['parse'], ...texts.map(listing(project))]);
  const found = new Map(texts.map((text, index) => [text, outcomes[index + 2] as DbtOutcome]));
  const manifest = readJson<Manifest>(project.target, 'manifest.json');
  const built: Both = { manifest, project, found, earlier: {} };

  const state = join(folder, 'state');
  cpSync(project.target, state, { recursive: true });
  const other = copyProject('conformance', join(folder, 'second'), conformancePackages);
  changeProject(other.folder);
  const [, ...lists] = await runDbt(program, other, [['parse'], ...stateSelections.map(listing(other, state))]);
  const changed: Both = {
    manifest: readJson<Manifest>(other.target, 'manifest.json'),
    project: other,
    found: new Map(stateSelections.map((text, index) => [text, lists[index] as DbtOutcome])),
    earlier: { manifest, ...readJson<Pick<EarlierState, 'results'>>(state, 'run_results.json') },
  };
  return { built, changed };
}

/** What the project's own selection makes of the words, or the code of its error. */
function listOurselves({ manifest, project, earlier }: Both, text: string): readonly string[] | string {
  const selectors = selectorsOf(project);
  const { options, output, keys } = readWords(text, selectors, earlier, new Date());
  try {
    const { ids } = selectEntries(manifest, options);
    return text.includes('--output') ? listEntries(manifest, ids, output, keys) : ids;
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  }
}

const idsOf = (lines: readonly string[] | null): readonly string[] =>
  (lines ?? []).map((line) => (JSON.parse(line) as { unique_id: string }).unique_id);

describe.skipIf(!dbt)(`selection${whyLeftOut('dbt', dbt)}`, () => {
  let built: Both;
  let changed: Both;
  /** The same two, as the engine reads them. */
  let own: Both;
  let ownChanged: Both;

  beforeAll(async () => {
    ({ built, changed } = await listWithDbt(dbt ?? ''));
    const [first, second] = await Promise.all([readOwn(built.project), readOwn(changed.project)]);
    own = { ...built, manifest: first.manifest };
    ownChanged = { ...changed, manifest: second.manifest, earlier: { ...changed.earlier, manifest: first.manifest } };
  }, 600_000);

  test.each(selections)('list %s', (text) => {
    const outcome = built.found.get(text);
    expect(outcome?.problem).toBeNull();
    expect(listOurselves(built, text)).toEqual(idsOf(outcome?.lines ?? null));
  });

  test.each(outputs)('list %s', (text) => {
    expect(listOurselves(built, text)).toEqual(built.found.get(text)?.lines);
  });

  test.each(mistakes)('list %s is refused', (text) => {
    expect(built.found.get(text)?.success).toBe(false);
    expect(listOurselves(built, text)).toMatch(/^MR-SEL-\d{3}$/);
  });

  test.each(stateSelections)('list %s after changes', (text) => {
    const outcome = changed.found.get(text);
    expect(outcome?.problem).toBeNull();
    expect(listOurselves(changed, text)).toEqual(idsOf(outcome?.lines ?? null));
  });

  test.each(selections)('list %s, as the engine reads the project', (text) => {
    expect(listOurselves(own, text)).toEqual(idsOf(built.found.get(text)?.lines ?? null));
  });

  test.each(stateSelections)('list %s after changes, as the engine reads both projects', (text) => {
    expect(listOurselves(ownChanged, text)).toEqual(idsOf(changed.found.get(text)?.lines ?? null));
  });
});
