/** The YAML properties of models, seeds and sources: descriptions, configs and the tests they declare. */
import { z } from 'zod';
import type { MillraceError } from '../kernel/errors.ts';
import type { JsonValue } from '../stores/duckdb/duckdb.ts';
import type { ProjectFile } from './files.ts';
import type { DescribedColumn } from './manifest.ts';
import type { JsonObject } from './template.ts';
import { readYaml, strictKeys, type YamlFile, type YamlPath } from './yaml.ts';

/** Makes the error that names the file and line at which something is declared. */
type Mistake = (problem: string) => MillraceError;

/** A generic test as it is declared on a column or a relation. */
export interface DeclaredTest {
  /** Its kind, such as 'unique'. */
  readonly test: string;
  /** With column_name where it is declared on a column. */
  readonly arguments: JsonObject;
  readonly config: JsonObject;
  /** Undefined: named after its arguments. */
  readonly name: string | undefined;
  readonly path: string;
  readonly mistake: Mistake;
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly DescribedColumn[];
  readonly config: JsonObject;
  readonly tests: readonly DeclaredTest[];
  readonly path: string;
  readonly mistake: Mistake;
}

/** What is said of a model or a seed. */
export interface NodeProperties extends Described {
  readonly kind: 'model' | 'seed';
}

/** What is said of one table of a source; schema, database and identifier are still templates. */
export interface SourceProperties extends Described {
  readonly source: string;
  readonly schema: string;
  readonly database: string | undefined;
  readonly identifier: string;
}

/** What the property files of a project declare. */
export interface Properties {
  readonly nodes: readonly NodeProperties[];
  readonly sources: readonly SourceProperties[];
}

const ignored = z.unknown().optional();
const text = z.string().nullish();
const config = z.record(z.string(), z.unknown()).nullish();
const tests = z.array(z.unknown()).nullish();

const column = strictKeys({
  name: z.string().min(1),
  description: text,
  quote: z.boolean().nullish(),
  data_tests: tests,
  tests,
  data_type: ignored,
  constraints: ignored,
  config: ignored,
  meta: ignored,
  tags: ignored,
});

const described = {
  name: z.string().min(1),
  description: text,
  columns: z.array(column).nullish(),
  config,
  data_tests: tests,
  tests,
  meta: ignored,
  tags: ignored,
  docs: ignored,
};

const node = strictKeys({ ...described, access: ignored, group: ignored, constraints: ignored });

const sourceTable = strictKeys({
  ...described,
  identifier: text,
  loaded_at_field: ignored,
  freshness: ignored,
  quoting: ignored,
  external: ignored,
  loader: ignored,
});

const source = strictKeys({
  name: z.string().min(1),
  description: text,
  schema: text,
  database: text,
  tables: z.array(sourceTable).nullish(),
  config,
  loader: ignored,
  loaded_at_field: ignored,
  freshness: ignored,
  quoting: ignored,
  meta: ignored,
  tags: ignored,
});

const propertyFile = strictKeys({
  version: ignored,
  models: z.array(node).nullish(),
  seeds: z.array(node).nullish(),
  sources: z.array(source).nullish(),
  macros: ignored,
  exposures: ignored,
  metrics: ignored,
  semantic_models: ignored,
  saved_queries: ignored,
  groups: ignored,
  analyses: ignored,
});

/** Configs of a test that older projects write beside its arguments. */
const testConfigs: readonly string[] = [
  'severity',
  'where',
  'enabled',
  'tags',
  'meta',
  'alias',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
  'database',
  'schema',
];

type File = YamlFile<z.infer<typeof propertyFile>>;

const asObject = (value: unknown): Record<string, JsonValue> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, JsonValue>)
    : undefined;

/** A test's kind and what it is given: `unique`, `{unique: {...}}` or `{test_name: unique, ...}`. */
function splitTest(entry: unknown, mistake: Mistake): readonly [string, Record<string, JsonValue>] {
  if (typeof entry === 'string') return [entry, {}];
  const whole = asObject(entry);
  if (!whole) throw mistake('a test is a name, or a name with its arguments');
  if (typeof whole.test_name === 'string') {
    const { test_name, ...given } = whole;
    return [test_name, given];
  }
  const [first, ...others] = Object.entries(whole);
  if (!first || others.length > 0) {
    throw mistake('a test has one name; are its arguments indented below it, under `arguments:`?');
  }
  const given = first[1] === null ? {} : asObject(first[1]);
  if (!given) throw mistake(`the arguments of the test ${first[0]} are keys with values`);
  return [first[0], given];
}

function readTest(entry: unknown, columnName: string | undefined, path: string, mistake: Mistake): DeclaredTest {
  const [test, given] = splitTest(entry, mistake);
  const { name, description: _, config: configs, arguments: nested, ...inline } = given;
  const isConfig = ([key]: readonly [string, JsonValue]): boolean => testConfigs.includes(key);
  const entries = Object.entries(inline);
  return {
    test,
    arguments: {
      ...(columnName === undefined ? {} : { column_name: columnName }),
      ...Object.fromEntries(entries.filter((pair) => !isConfig(pair))),
      ...asObject(nested),
    },
    config: { ...Object.fromEntries(entries.filter(isConfig)), ...asObject(configs) },
    name: typeof name === 'string' ? name : undefined,
    path,
    mistake,
  };
}

type Tested = { readonly tests?: unknown[] | null | undefined; readonly data_tests?: unknown[] | null | undefined };

function readTests(file: File, at: YamlPath, entry: Tested, columnName?: string): readonly DeclaredTest[] {
  return (['tests', 'data_tests'] as const).flatMap((key) =>
    (entry[key] ?? []).map((test, index) =>
      readTest(test, columnName, file.path, (problem) => file.mistake([...at, key, index], problem)),
    ),
  );
}

const columnText = (item: z.infer<typeof column>): string =>
  item.quote ? `"${item.name.replaceAll('"', '""')}"` : item.name;

function readDescribed(file: File, at: YamlPath, entry: z.infer<typeof sourceTable>): Described {
  const columns = entry.columns ?? [];
  return {
    name: entry.name,
    description: (entry.description ?? '').trim(),
    columns: columns.map((item) => ({
      name: item.name,
      quote: item.quote ?? false,
      description: (item.description ?? '').trim(),
    })),
    config: (entry.config ?? {}) as JsonObject,
    tests: [
      ...readTests(file, at, entry),
      ...columns.flatMap((item, index) => readTests(file, [...at, 'columns', index], item, columnText(item))),
    ],
    path: file.path,
    mistake: (problem) => file.mistake([...at, 'name'], problem),
  };
}

function readSources(file: File): readonly SourceProperties[] {
  return (file.value.sources ?? []).flatMap((group, groupIndex) =>
    (group.tables ?? []).map((table, index) => {
      const own = readDescribed(file, ['sources', groupIndex, 'tables', index], table);
      return {
        ...own,
        config: { ...(group.config as JsonObject | undefined), ...own.config },
        source: group.name,
        schema: group.schema ?? group.name,
        database: group.database ?? undefined,
        identifier: table.identifier ?? table.name,
      };
    }),
  );
}

function readNodes(file: File, key: 'models' | 'seeds'): readonly NodeProperties[] {
  return (file.value[key] ?? []).map((entry, index) => ({
    ...readDescribed(file, [key, index], entry),
    kind: key === 'models' ? 'model' : 'seed',
  }));
}

/** Reads the property files of a project. Errors: MR-TRF-001 with file and line. */
export function readProperties(files: readonly ProjectFile[]): Properties {
  const read = files.map((file) => readYaml(file, propertyFile));
  return {
    nodes: read.flatMap((file) => [...readNodes(file, 'models'), ...readNodes(file, 'seeds')]),
    sources: read.flatMap(readSources),
  };
}
