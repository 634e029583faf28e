/** What a project's files come to: names, configs, references, and mistakes with their place. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../kernel/errors.ts';
import { type Files, projectOf, sqlOf, writeProject } from './fixture.ts';
import { type Project, sourceRelations } from './manifest.ts';
import { loadProject } from './project.ts';

function mistakeIn(files: Files): string {
  try {
    projectOf(files);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'none';
}

const materializedOf = (project: Project) =>
  Object.fromEntries(project.nodes.map(({ name, materialized }) => [name, materialized]));

describe('the graph', () => {
  test('seeds and models come after what they read, in the order of their names otherwise', () => {
    const project = projectOf({
      'models/a.sql': `select * from {{ ref('z') }}`,
      'models/b.sql': `select * from {{ source('raw', 'orders') }}`,
      'models/deep/er/z.sql': `select * from {{ ref('shop', 'b') }} cross join {{ ref('kinds') }}`,
      'seeds/kinds.csv': 'id\n1\n',
      'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}]}]',
    });
    expect(project.nodes.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['kinds', []],
      ['b', ['source.raw.orders']],
      ['z', ['b', 'kinds']],
      ['a', ['z']],
    ]);
    expect(sqlOf(project, 'z')).toBe('select * from "main"."b" cross join "main"."kinds"');
  });

  test('a cycle is an error', () => {
    expect(mistakeIn({ 'models/a.sql': `{{ ref('b') }}`, 'models/b.sql': `{{ ref('a') }}` })).toBe(
      'MR-TRF-003 The models form a cycle: a -> b -> a.',
    );
  });

  test.each([
    [`ref('stg_ordrs')`, `Did you mean ref('stg_orders')?`],
    [`source('raw', 'ordes')`, `Did you mean source('raw', 'orders')?`],
  ])('an unknown %s is an error that names the nearest', (call, remedy) => {
    const files = {
      'models/stg_orders.sql': 'select 1',
      'models/fact.sql': `select * from {{ ${call} }}`,
      'models/sources.yml': 'sources: [{name: raw, tables: [{name: orders}, {name: customers}]}]',
    };
    expect(() => projectOf(files)).toThrow(`The model fact refers to ${call}, which does not exist.`);
    expect(() => projectOf(files)).toThrow(expect.objectContaining({ remedy: expect.stringContaining(remedy) }));
  });
});

describe('configs', () => {
  const tree = `name: shop
models:
  +materialized: table
  shop:
    staging:
      +materialized: view
      exact:
        +materialized: table
`;

  test('the folder nearest to the model wins, then its YAML, then its own config()', () => {
    const project = projectOf({
      'dbt_project.yml': tree,
      'models/top.sql': 'select 1',
      'models/staging/a.sql': 'select 1',
      'models/staging/exact.sql': 'select 1',
      'models/staging/by_yaml.sql': 'select 1',
      'models/staging/by_sql.sql': `{{ config(materialized='view') }} select 1`,
      'models/properties.yml': `models:
  - {name: by_yaml, config: {materialized: table}}
  - {name: by_sql, config: {materialized: table}}
`,
    });
    expect(materializedOf(project)).toEqual({
      top: 'table',
      a: 'view',
      exact: 'table',
      by_yaml: 'table',
      by_sql: 'view',
    });
  });

  test('templates in YAML are rendered and keep their type', () => {
    const files = {
      'dbt_project.yml': `name: shop\nmodels:\n  +enabled: "{{ var('on') }}"\n  +alias: "{{ var('prefix') }}_m"\n`,
      'models/m.sql': 'select * from {{ this }}',
    };
    expect(sqlOf(projectOf(files, { vars: { on: true, prefix: 'x' } }), 'm')).toBe('select * from "main"."x_m"');
    expect(projectOf(files, { vars: { on: false, prefix: 'x' } }).nodes).toEqual([]);
  });

  test('an alias is what references become', () => {
    const project = projectOf({
      'models/a.sql': `{{ config(alias='The A') }}select 1`,
      'models/b.sql': `select * from {{ ref('a') }}`,
    });
    expect(sqlOf(project, 'b')).toBe('select * from "main"."The A"');
  });

  test('a disabled model is left out with its tests, and whoever refers to it is told', () => {
    const files = {
      'models/a.sql': `{{ config(enabled=false) }}select 1`,
      'models/a.yml': 'models: [{name: a, columns: [{name: x, data_tests: [unique]}]}]',
      'models/b.sql': 'select 1',
    };
    const project = projectOf(files);
    expect(project.nodes.map(({ name }) => name)).toEqual(['b']);
    expect(project.tests).toEqual([]);
    expect(mistakeIn({ ...files, 'models/b.sql': `select * from {{ ref('a') }}` })).toBe(
      `MR-TRF-004 The template of b cannot be rendered: ref('a'): it is disabled.`,
    );
  });

  test('seeds have theirs, and descriptions come from YAML', () => {
    const project = projectOf({
      'dbt_project.yml': `name: shop\nseeds:\n  shop:\n    +persist_docs: {relation: true, columns: true}\n`,
      'seeds/kinds.csv': 'id;day\n1;2\n',
      'seeds/kinds.yml': `seeds:
  - name: kinds
    description: >
      All kinds.
    config: {delimiter: ';', column_types: {id: varchar}}
    columns: [{name: id, description: The key.}, {name: day}]
`,
    });
    expect(project.nodes[0]).toMatchObject({
      name: 'kinds',
      description: 'All kinds.',
      columns: [
        { name: 'id', description: 'The key.' },
        { name: 'day', description: '' },
      ],
      delimiter: ';',
      columnTypes: { id: 'varchar' },
      persistDocs: { relation: true, columns: true },
    });
  });
});

describe('sources', () => {
  test('are where their YAML says', () => {
    const project = projectOf(
      {
        'models/sources.yml': `sources:
  - name: production
    tables: [{name: customers}, {name: retired, config: {enabled: false}}]
  - name: events
    schema: "{{ var('events_schema') }}"
    database: lake
    tables: [{name: clicks, identifier: clicks_v2}]
`,
        'models/m.sql': `{{ source('production', 'customers') }} {{ source('events', 'clicks') }}`,
      },
      { vars: { events_schema: 'ev' } },
    );
    expect(sourceRelations(project)).toEqual([
      { database: undefined, schema: 'production', identifier: 'customers' },
      { database: 'lake', schema: 'ev', identifier: 'clicks_v2' },
    ]);
    expect(sqlOf(project, 'm')).toBe('"production"."customers" "lake"."ev"."clicks_v2"');
  });
});

describe('tests', () => {
  const files = {
    'models/orders.sql': 'select 1 as id',
    'models/customers.sql': 'select 1 as id',
    'models/sources.yml':
      'sources: [{name: raw, tables: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]}]',
    'tests/no_orphans.sql': `{{ config(severity='warn') }}select * from {{ ref('orders') }} where {{ ref('customers') }} is null`,
  };
  const properties = `models:
  - name: orders
    data_tests:
      - unique:
          name: own_name
          arguments: {column_name: id || kind}
    columns:
      - name: status
        tests:
          - accepted_values: {values: [a b, 1, true], quote: false, severity: warn}
      - name: Customer Id
        quote: true
        data_tests:
          - not_null
          - relationships:
              arguments: {to: ref('customers'), field: id}
              config: {severity: WARN, where: "id > {{ var('from', 5) }}"}
          - test_name: unique
            config: {enabled: false}
`;

  test('are named as dbt names them, with what they read and how severe they are', () => {
    const project = projectOf({ ...files, 'models/orders.yml': properties });
    expect(project.tests.map(({ name, severity, dependsOn }) => [name, severity, dependsOn])).toEqual([
      ['source_not_null_raw_orders_id', 'error', ['source.raw.orders']],
      ['own_name', 'error', ['orders']],
      ['accepted_values_orders_status__False__a_b__1__True', 'warn', ['orders']],
      ['not_null_orders__Customer_Id_', 'error', ['orders']],
      ['relationships_orders__Customer_Id___id__ref_customers_', 'warn', ['orders', 'customers']],
      ['no_orphans', 'warn', ['orders', 'customers']],
    ]);
    expect(project.tests.map(({ generic }) => generic?.kind)).toEqual([
      'not_null',
      'unique',
      'accepted_values',
      'not_null',
      'relationships',
      undefined,
    ]);
    expect(project.tests.find(({ name }) => name.startsWith('relationships'))?.sql).toBe(
      `select child.*
from (select * from "main"."orders" where id > 5) as child
anti join (select id as to_field from "main"."customers") as parent on "Customer Id" = parent.to_field
where "Customer Id" is not null`,
    );
  });

  test('take their severity from dbt_project.yml where they have none', () => {
    const project = projectOf({
      ...files,
      'dbt_project.yml': 'name: shop\ndata_tests:\n  +severity: warn\n',
    });
    expect(project.tests.map(({ severity }) => severity)).toEqual(['warn', 'warn']);
  });
});

describe('a mistake', () => {
  const model = { 'models/orders.sql': 'select 1', 'models/products.sql': 'select 1' };
  const inYaml = (text: string): string => mistakeIn({ ...model, 'models/schema.yml': text });

  test.each([
    ['no YAML', 'models:\n  - name: [\n', 'models/schema.yml:3', 'Flow sequence'],
    ['a key twice', 'models:\n  - name: orders\n    name: orders\n', 'models/schema.yml:3', 'Map keys must be unique'],
    [
      'a misspelt key',
      'version: 2\n\nmodel: []\n',
      'models/schema.yml:3',
      `the key 'model' is unknown; did you mean 'models'?`,
    ],
    [
      'a misspelt key further in',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_test: [unique]\n',
      'models/schema.yml:5',
      `the key 'data_test' is unknown; did you mean 'data_tests'?`,
    ],
    [
      'a list that is none',
      'models:\n  - name: orders\n    columns:\n      id: x\n',
      'models/schema.yml:4',
      'models.0.columns: expected array',
    ],
    [
      'a missing name',
      'models:\n  - name: orders\n  - description: x\n',
      'models/schema.yml:3',
      'models.1.name: expected string',
    ],
    [
      'properties of nothing',
      'models:\n  - name: orders\n  - name: product\n',
      'models/schema.yml:3',
      `there is no model named 'product'; did you mean 'products'?`,
    ],
    [
      'properties twice',
      'models:\n  - name: orders\n  - name: orders\n',
      'models/schema.yml:3',
      'orders is described twice',
    ],
    [
      'an unknown test',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - unique\n          - notnull\n',
      'models/schema.yml:7',
      `the test 'notnull' is unknown; did you mean 'not_null'?`,
    ],
    [
      'a missing argument',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - relationships: {field: id}\n',
      'models/schema.yml:6',
      'the test relationships lacks the argument to',
    ],
    [
      'a misspelt argument',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - accepted_values: {arguments: {values: [1], qoute: false}}\n',
      'models/schema.yml:6',
      `the test accepted_values has no argument 'qoute'; did you mean 'quote'?`,
    ],
    [
      'a wrong indent',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - accepted_values:\n            values: [1]\n',
      'models/schema.yml:6',
      'a test has one name',
    ],
    [
      'a wrong severity',
      'models:\n  - name: orders\n    columns:\n      - name: id\n        data_tests:\n          - unique: {config: {severity: fatal}}\n',
      'models/schema.yml:6',
      'the config severity is wrong',
    ],
  ])('%s in YAML is told with file and line', (_what, text, place, problem) => {
    expect(inYaml(text)).toContain(`MR-TRF-001 The project file ${place} is wrong: ${problem}`);
  });

  test.each([
    ['a project without its file', { 'dbt_project.yml': 'version: 1\n' }, 'dbt_project.yml:1 is wrong: name: '],
    [
      'a project with hooks',
      { 'dbt_project.yml': 'name: shop\non-run-end: x\n' },
      `dbt_project.yml:2 is wrong: the key 'on-run-end' is unknown`,
    ],
    [
      'two models of one name',
      { 'models/a/x.sql': 'select 1', 'models/b/x.sql': 'select 1' },
      'models/b/x.sql is wrong: the name x is taken by models/a/x.sql',
    ],
    [
      'a model named as a seed',
      { 'seeds/x.csv': 'a\n1\n', 'models/x.sql': 'select 1' },
      'models/x.sql is wrong: the name x is taken by seeds/x.csv',
    ],
    [
      'two models of one relation',
      { 'models/a.sql': `{{ config(alias='B') }}select 1`, 'models/b.sql': 'select 1' },
      'models/b.sql is wrong: models/a.sql already becomes the relation b',
    ],
    [
      'an unknown materialization',
      { 'models/a.sql': `{{ config(materialized='cube') }}select 1` },
      'models/a.sql is wrong: the config materialized is wrong',
    ],
    [
      'a config that is not supported',
      { 'models/a.sql': `{{ config(schema='x') }}select 1` },
      'models/a.sql is wrong: the config schema is not supported',
    ],
  ])('%s is told with its file', (_what, files, problem) => {
    expect(mistakeIn(files as unknown as Files)).toContain(`MR-TRF-001 The project file ${problem}`);
  });

  test('a folder without a project is told so', () => {
    const folder = join(writeProject({}), 'absent');
    expect(() => loadProject(folder, { env: () => undefined })).toThrow(
      'The project file dbt_project.yml is wrong: it does not exist.',
    );
  });
});
