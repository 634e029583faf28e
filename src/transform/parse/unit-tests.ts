/** Unit tests as YAML declares them: given and expected rows, read from YAML, CSV, seeds and fixture files. */
import { nearest, slipOf } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { repr, toPython } from '../jinja/values.ts';
import type { JsonMap, ManifestNode, ManifestUnitTest, UnitTestRows } from '../manifest/types.ts';
import { configOf } from './config.ts';
import { parseCsv } from './csv.ts';
import { nameOfFile } from './definition.ts';
import { findFiles, readText, sha256, stripped } from './files.ts';
import { asList, asMap, isMap, type Mutable, textOr } from './json.ts';
import type { Found, Lookup } from './lookup.ts';
import type { PropertyEntry } from './properties.ts';
import { referenceOf } from './template-use.ts';
import { packageOf, type Workspace } from './workspace.ts';
import { errorAt, within, type YamlPlace } from './yaml.ts';

/** What unit tests read from files: fixtures by package and name, seeds by their node. */
export interface FixtureReader {
  readonly fixture: (packageName: string, name: string, ending: 'csv' | 'sql') => string | undefined;
  readonly seed: (node: ManifestNode) => string;
  readonly fixtureNames: (packageName: string) => readonly string[];
}

/** Reads the files of fixtures and seeds for unit tests. */
export function fixtureReader(workspace: Workspace): FixtureReader {
  const files = new Map<string, { root: string; path: string }>();
  for (const project of workspace.packages) {
    const folders = project.testPaths.map((folder) => `${folder.replace(/\/+$/, '')}/fixtures`);
    for (const file of findFiles(project.root, folders, ['.csv', '.sql'])) {
      const ending = file.path.endsWith('.csv') ? 'csv' : 'sql';
      files.set(`${project.name} ${nameOfFile(file.path)} ${ending}`, { root: project.root, path: file.originalPath });
    }
  }
  return {
    fixture: (packageName, name, ending) => {
      const file = files.get(`${packageName} ${name} ${ending}`);
      return file && stripped(readText(file.root, file.path));
    },
    seed: (node) => readText(packageOf(workspace, node.package_name).root, node.original_file_path),
    fixtureNames: (packageName) =>
      [...files.keys()].filter((key) => key.startsWith(`${packageName} `)).map((key) => key.split(' ')[1] ?? ''),
  };
}

interface Reading {
  readonly entry: PropertyEntry;
  readonly files: FixtureReader;
  readonly lookup: Lookup;
}

const wrong = (reading: Reading, place: YamlPlace, problem: string): Error =>
  errorAt(place, 'MR-TRF-123', { test: reading.entry.name, problem });

/** Rows of CSV text; empty fields are null where that is asked for. */
function rowsOfCsv(text: string, emptyIsNull: boolean, reading: Reading, place: YamlPlace): readonly JsonMap[] {
  try {
    return parseCsv(text).map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, emptyIsNull && value === '' ? null : value])),
    );
  } catch (thrown) {
    throw wrong(reading, place, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** The first row without a null comes first, since types are taken from it. */
function wholeRowFirst(rows: readonly JsonMap[]): readonly JsonMap[] {
  const index = rows.findIndex((row) => Object.values(row).every((value) => value !== null));
  const [first, whole] = [rows[0], rows[index]];
  if (index <= 0 || !first || !whole) return rows;
  return rows.map((row, at) => (at === 0 ? whole : at === index ? first : row));
}

function fixtureText(reading: Reading, name: string, ending: 'csv' | 'sql', place: YamlPlace): string {
  const { packageName } = reading.entry;
  const text = reading.files.fixture(packageName, name, ending);
  if (text !== undefined) return text;
  const hint = slipOf(name, reading.files.fixtureNames(packageName));
  const question = hint === undefined ? '' : `; did you mean ${hint}?`;
  throw wrong(reading, place, `there is no fixture ${name}.${ending}${question}`);
}

/** Rows that are left out are those of the seed that is the input. */
function seedRows(reading: Reading, input: string, place: YamlPlace): readonly JsonMap[] {
  const reference = referenceOf(input);
  const found: Found<ManifestNode> =
    reference && 'ref' in reference ? reading.lookup.node(reference.ref, reading.entry.packageName) : undefined;
  if (!found || !('found' in found) || found.found.resource_type !== 'seed') {
    throw wrong(reading, place, `${input === '' ? 'expect' : input} has no rows and is no seed`);
  }
  return rowsOfCsv(reading.files.seed(found.found), false, reading, place);
}

function rowsOf(reading: Reading, value: JsonMap, input: string, place: YamlPlace): Omit<UnitTestRows, 'input'> {
  const format = textOr(value.format, 'dict');
  const fixture = textOr(value.fixture, null);
  const rows = value.rows ?? null;
  if (format === 'dict') {
    if (rows === null && fixture === null)
      return { rows: wholeRowFirst(seedRows(reading, input, place)), format, fixture };
    if (!Array.isArray(rows) || !rows.every(isMap))
      throw wrong(reading, place, 'the rows of the format dict are a list of mappings');
    return { rows: wholeRowFirst(rows as readonly JsonMap[]), format, fixture };
  }
  if (format !== 'csv' && format !== 'sql')
    throw wrong(reading, place, `the format ${format} is none of dict, csv and sql`);
  if (typeof rows !== 'string' && fixture === null)
    throw wrong(reading, place, `the rows of the format ${format} are a text`);
  const text = fixture === null ? String(rows) : fixtureText(reading, fixture, format, place);
  return { rows: format === 'csv' ? wholeRowFirst(rowsOfCsv(text, true, reading, place)) : text, format, fixture };
}

/** What Python prints of a dataclass; the checksum of a unit test is made of it. */
const dataclass = (name: string, fields: Readonly<Record<string, string>>): string =>
  `${name}(${Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')})`;

const formatName: Readonly<Record<string, string>> = { dict: 'Dict', csv: 'CSV', sql: 'SQL' };

const rowsText = (rows: Omit<UnitTestRows, 'input'>): Readonly<Record<string, string>> => ({
  rows: repr(toPython(rows.rows as JsonValue)),
  format: `<UnitTestFormat.${formatName[rows.format] ?? ''}: '${rows.format}'>`,
  fixture: repr(rows.fixture),
});

function checksumOfTest(test: ManifestUnitTest, versions: JsonValue): string {
  const versionsText = isMap(versions)
    ? dataclass('UnitTestNodeVersions', {
        include: repr(toPython(versions.include ?? null)),
        exclude: repr(toPython(versions.exclude ?? null)),
      })
    : 'None';
  const given = test.given.map((input) =>
    dataclass('UnitTestInputFixture', { input: repr(input.input), ...rowsText(input) }),
  );
  const overrides = test.overrides
    ? dataclass('UnitTestOverrides', {
        macros: repr(toPython(test.overrides.macros)),
        vars: repr(toPython(test.overrides.vars)),
        env_vars: repr(toPython(test.overrides.env_vars)),
      })
    : 'None';
  const fixtures = test.given.flatMap((input) =>
    input.fixture === null ? [] : [`-${typeof input.rows === 'string' ? input.rows : repr(toPython(input.rows))}`],
  );
  const expected = dataclass('UnitTestOutputFixture', rowsText(test.expect));
  return sha256(`${test.model}-${versionsText}-[${given.join(', ')}]-${expected}-${overrides}${fixtures.join('')}`);
}

const overridesOf = (value: JsonValue | undefined): ManifestUnitTest['overrides'] =>
  isMap(value) ? { macros: asMap(value.macros), vars: asMap(value.vars), env_vars: asMap(value.env_vars) } : null;

function definition(workspace: Workspace, reading: Reading): Mutable<ManifestUnitTest> {
  const { entry } = reading;
  const { value, place, packageName } = entry;
  const model = textOr(value.model, '');
  if (model === '') throw wrong(reading, place, 'it names no model');
  if (!Array.isArray(value.given)) throw wrong(reading, place, 'given is a list of inputs with their rows');
  if (!isMap(value.expect)) throw wrong(reading, place, 'expect has the rows that are expected');
  const folders = entry.originalPath.split('/').slice(1, -1);
  const fqn = [packageName, ...folders, model, entry.name];
  const config = configOf(
    {
      kind: 'unit_test',
      fqn,
      own: packageOf(workspace, packageName),
      root: workspace.root,
      patch: asMap(value.config),
    },
    { name: `the unit test ${entry.name}`, root: packageOf(workspace, packageName).root, paths: [entry.originalPath] },
  );
  const given = asList(value.given).map((item, index): UnitTestRows => {
    const at = within(place, 'given', index);
    const input = textOr(asMap(item).input, '');
    if (input === '') throw wrong(reading, at, 'an input is ref(...), source(...) or this');
    return { input, ...rowsOf(reading, asMap(item), input, at) };
  });
  const test: Mutable<ManifestUnitTest> = {
    name: entry.name,
    resource_type: 'unit_test',
    package_name: packageName,
    path: entry.path,
    original_file_path: entry.originalPath,
    unique_id: `unit_test.${packageName}.${model}.${entry.name}`,
    fqn,
    model,
    given,
    expect: rowsOf(reading, asMap(value.expect), '', within(place, 'expect')),
    overrides: overridesOf(value.overrides),
    description: textOr(value.description, ''),
    config: config as ManifestUnitTest['config'],
    depends_on: { macros: [], nodes: [] },
    schema: null,
    created_at: workspace.now,
    checksum: null,
    version: null,
    versions: isMap(value.versions)
      ? { include: value.versions.include ?? null, exclude: value.versions.exclude ?? null }
      : null,
  };
  test.checksum = checksumOfTest(test, value.versions ?? null);
  return test;
}

const modelOf = (lookup: Lookup, test: ManifestUnitTest): Found<ManifestNode> => {
  const [name = '', version = null] = test.model.split(/\s+/);
  return lookup.node({ name, package: null, version }, test.package_name);
};

const isAsked = (versions: JsonMap | null, version: string | number | null | undefined): boolean => {
  if (!versions) return true;
  const has = (list: JsonValue | undefined): boolean => asList(list).some((one) => String(one) === String(version));
  if (asList(versions.exclude).length > 0) return !has(versions.exclude);
  return asList(versions.include).length === 0 || has(versions.include);
};

function checkIncremental(reading: Reading, test: ManifestUnitTest, model: ManifestNode): void {
  if (!model.depends_on.macros.includes('macro.dbt.is_incremental')) return;
  const override = test.overrides?.macros.is_incremental;
  if (typeof override !== 'boolean') {
    throw wrong(
      reading,
      reading.entry.place,
      `${model.name} asks is_incremental(); set overrides: macros: is_incremental`,
    );
  }
  if (override && !test.given.some((input) => input.input === 'this')) {
    throw wrong(reading, reading.entry.place, 'with is_incremental: true an input `this` is needed');
  }
}

/**
 * A unit test; one for each version of a model with versions. A disabled test or one of a disabled model is disabled.
 * Errors: MR-TRF-114 for an unknown model, MR-TRF-123 for a test that cannot be so.
 */
export function readUnitTest(
  workspace: Workspace,
  entry: PropertyEntry,
  lookup: Lookup,
  models: readonly ManifestNode[],
  files: FixtureReader,
): readonly ManifestUnitTest[] {
  const reading: Reading = { entry, lookup, files };
  const test = definition(workspace, reading);
  if (test.config.enabled === false) return [test];
  const found = modelOf(lookup, test);
  if (!found) {
    throw errorAt(within(entry.place, 'model'), 'MR-TRF-114', {
      test: entry.name,
      model: test.model,
      nearest: nearest(test.model, lookup.nodeNames()),
    });
  }
  if ('disabled' in found) return [{ ...test, config: { ...test.config, enabled: false } }];
  const model = found.found;
  checkIncremental(reading, test, model);
  const versions = test.versions ?? null;
  if (model.version === null || model.version === undefined) {
    if (versions && (versions.include !== null || versions.exclude !== null)) {
      throw wrong(reading, entry.place, `${model.name} has no versions to include or exclude`);
    }
    return [{ ...test, schema: model.schema, depends_on: { macros: [], nodes: [model.unique_id] } }];
  }
  const all = models.filter(
    (one) => one.name === model.name && one.package_name === model.package_name && one.version !== null,
  );
  const asked = all.filter((one) => isAsked(versions, one.version));
  if (asked.length === 0) throw wrong(reading, entry.place, `${model.name} has none of these versions`);
  return asked.map((one) => ({
    ...test,
    unique_id: `unit_test.${test.package_name}.${test.model}.${test.name}_v${one.version}`,
    schema: model.schema,
    version: one.version ?? null,
    depends_on: { macros: [], nodes: [one.unique_id] },
  }));
}
