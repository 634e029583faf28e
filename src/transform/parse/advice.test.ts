/** Authors are told of what has an end and of what does nothing, with the file that it concerns. */
import { expect, test } from 'vitest';
import { testProject } from '../run/fixture.ts';
import { adviceOn } from './advice.ts';

const day = new Date('2024-06-15T12:00:00Z');

async function adviceFor(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { project } = await (await testProject(files)).request();
  return adviceOn(project.manifest, day);
}

test('a model past its day, and those that read what is or will be past it', async () => {
  const advice = await adviceFor({
    'models/price_v1.sql': 'select 1 as a',
    'models/price_v2.sql': 'select 1 as a',
    'models/old.sql': 'select 1 as a',
    'models/reader.sql': `select * from {{ ref('price', v=1) }}, {{ ref('price') }}, {{ ref('old') }}`,
    'models/models.yml': `models:
  - name: price
    latest_version: 2
    columns: [{ name: a, data_tests: [not_null] }]
    versions: [{ v: 1, deprecation_date: 2030-01-01 }, { v: 2 }]
  - { name: old, deprecation_date: 2024-01-01 }`,
  });
  expect(advice).toHaveLength(3);
  expect(advice).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^models\/old\.sql: the model old is deprecated since 2024-01-01/),
      expect.stringMatching(
        /^models\/reader\.sql: reader reads price\.v1, which will be deprecated on 2030-01-01.*; its latest version is ref\('price', v=2\)$/,
      ),
      expect.stringMatching(/^models\/reader\.sql: reader reads old, which is deprecated since 2024-01-01[^;]*$/),
    ]),
  );
});

test('constraints of what is no table, unless the author knows', async () => {
  const contracted = (name: string, more: string): string =>
    `  - { name: ${name}, config: { contract: { enforced: true } ${more} }`;
  const columns = (constraint: string): string =>
    `columns: [{ name: a, data_type: int, constraints: [${constraint}] }] }`;
  const advice = await adviceFor({
    ...Object.fromEntries(['told', 'known', 'tabled'].map((name) => [`models/${name}.sql`, 'select 1 as a'])),
    'models/models.yml': `models:
${contracted('told', '')}, ${columns('{ type: not_null }')}
${contracted('known', '')}, ${columns('{ type: not_null, warn_unsupported: false }')}
${contracted('tabled', ', materialized: table')}, ${columns('{ type: not_null }')}`,
  });
  expect(advice).toEqual(['models/told.sql: the constraints of told do nothing, for it is no table: view']);
});

test('a microbatch model of which no input is cut into batches', async () => {
  const batched = `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='at', batch_size='day', begin='2024-06-01') }}`;
  const advice = await adviceFor({
    'models/plain.sql': `select current_date as at`,
    'models/timed.sql': `{{ config(event_time='at') }} select current_date as at`,
    'models/whole.sql': `${batched} select * from {{ ref('plain') }}`,
    'models/cut.sql': `${batched} select * from {{ ref('plain') }}, {{ ref('timed') }}`,
  });
  expect(advice).toEqual([
    'models/whole.sql: nothing that the microbatch model whole reads has an event_time, so that every batch reads all rows',
  ]);
});
