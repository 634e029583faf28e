/** The commands run-operation, retry and deps over a small project, as a user calls them. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, runMillrace, writeFiles } from '../../tests/setup/fixtures.ts';

const project = {
  'dbt_project.yml': 'name: shop\nprofile: shop\n',
  'packages.yml': 'packages: [{local: parts}]\n',
  'parts/dbt_project.yml': 'name: parts\n',
  'macros/notes.sql': `{% macro note(text) %}{% do run_query("create or replace table notes as select '" ~ text ~ "' as note") %}{% endmacro %}
{% macro refuse() %}{{ exceptions.raise_compiler_error('not today') }}{% endmacro %}`,
  'models/days.sql': `{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='ts', batch_size='year', begin='2024-01-01') }}
select timestamp '{{ model.batch.event_time_start.strftime("%Y-%m-%d") }}' as ts
{%- if model.batch.id == '2025' and env_var('FAILS', 'no') == 'yes' %}, nothing{% endif %}`,
  'models/schema.yml': 'models: [{name: days}, {name: nowhere, description: none}]\n',
};

function prepare() {
  const home = { MILLRACE_HOME: makeFolder() };
  const place = ['--project-dir', writeFiles(project), '--duckdb', join(home.MILLRACE_HOME, 'shop.duckdb')];
  const call = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runMillrace([...words, ...place], { ...home, ...env });
  return call;
}

test('a macro is run with its arguments; one that fails ends with 1, and retry runs it again', async () => {
  const call = prepare();
  const { code, stdout } = await call(['run-operation', 'note', '--args', '{text: hello}', '--json']);
  expect({ code, told: JSON.parse(stdout) }).toMatchObject({ code: 0, told: { success: true, name: 'note' } });
  const failed = await call(['run-operation', 'refuse']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('MR-TRF-208');
  expect(failed.stderr).toContain('macros/notes.sql:2: not today');
  expect((await call(['retry'])).stderr).toContain('The operation refuse failed');
  expect((await call(['run-operation', 'notes'])).stderr).toContain('Did you mean note?');
});

test('packages are told with where they are read', async () => {
  expect(await prepare()(['deps'])).toMatchObject({ code: 0, stdout: 'parts: read in parts\n' });
});

test('a warning of the project is an error with --warn-error', async () => {
  const { code, stderr } = await prepare()(['build', '--warn-error']);
  expect(code).toBe(2);
  expect(stderr).toContain('MR-TRF-209');
  expect(stderr).toContain('models/schema.yml:1');
});

test('retry runs the batches that failed, and tells of the others too', async () => {
  const call = prepare();
  const first = await call(['build', '--json'], { FAILS: 'yes' });
  expect(first.stdout).toContain('"partial success": 1');
  const again = JSON.parse((await call(['retry', '--json'])).stdout);
  expect(again.counts).toEqual({ success: 1 });
  const [{ batch_results: batches }] = again.nodes;
  expect(batches.failed).toEqual([]);
  expect(batches.successful[0][0]).toBe('2025-01-01T00:00:00.000Z');
  expect(batches.successful.length).toBeGreaterThan(1);
});
