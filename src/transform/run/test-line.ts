/** The line of a YAML file on which a test is declared, found when the test could not be run. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { ManifestNode, ManifestUnitTest } from '../manifest/types.ts';
import { readTextIfThere } from '../parse/files.ts';
import { isMap } from '../parse/json.ts';
import { readYaml, type YamlPath } from '../parse/yaml.ts';

interface Declared {
  readonly at: YamlPath;
  readonly value: JsonValue;
  /** What it stands below, the outermost first. */
  readonly names: readonly string[];
}

/** All tests of a YAML file, each with the names that it stands below. */
function testsIn(value: JsonValue, at: YamlPath, names: readonly string[]): readonly Declared[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue, index) => testsIn(item, [...at, index], names));
  if (!isMap(value)) return [];
  const below = typeof value.name === 'string' ? [...names, value.name] : names;
  return Object.entries(value).flatMap(([key, item]) => {
    const isTests = (key === 'data_tests' || key === 'tests') && Array.isArray(item);
    if (!isTests) return testsIn(item, [...at, key], below);
    return item.map((one: JsonValue, index) => ({ at: [...at, key, index], value: one, names: below }));
  });
}

const kindOf = (value: JsonValue): string => {
  if (!isMap(value)) return String(value);
  return typeof value.test_name === 'string' ? value.test_name : (Object.keys(value)[0] ?? '');
};

/** How many of a test's arguments stand in its declaration. */
function likeness({ value }: Declared, { name, test_metadata: test }: ManifestNode): number {
  const text = JSON.stringify(value);
  const given = Object.entries(test?.kwargs ?? {}).filter(([key]) => key !== 'model' && key !== 'column_name');
  const found = given.filter(([, argument]) => text.includes(JSON.stringify(argument))).length;
  return found + (text.includes(JSON.stringify(name)) ? 1000 : 0);
}

/** Undefined for what no YAML file declares, or no longer does. */
export function lineOfTest(node: ManifestNode, folder: string): number | undefined {
  const test = node.test_metadata;
  const text = test ? readTextIfThere(folder, node.original_file_path) : undefined;
  if (!test || text === undefined) return undefined;
  const file = readYaml(node.original_file_path, text);
  const kind = test.namespace ? `${test.namespace}.${test.name}` : test.name;
  const column = typeof test.kwargs.column_name === 'string' ? test.kwargs.column_name.replaceAll('"', '') : undefined;
  const target = String(test.kwargs.model ?? '');
  const isOf = ({ names, value }: Declared): boolean => {
    const [owner, last] = column === undefined ? [names.at(-1), undefined] : [names.at(-2), names.at(-1)];
    return kindOf(value) === kind && last === column && owner !== undefined && target.includes(owner);
  };
  const [best] = testsIn(file.value, [], [])
    .filter(isOf)
    .sort((one, other) => likeness(other, node) - likeness(one, node));
  return best && file.line(best.at);
}

/** The line on which a unit test is declared; undefined where its file no longer has it. */
export function lineOfUnitTest(test: ManifestUnitTest, folder: string): number | undefined {
  const text = readTextIfThere(folder, test.original_file_path);
  if (text === undefined) return undefined;
  const file = readYaml(test.original_file_path, text);
  const list = isMap(file.value) && Array.isArray(file.value.unit_tests) ? file.value.unit_tests : [];
  const index = list.findIndex((one: JsonValue) => isMap(one) && one.name === test.name);
  return index < 0 ? undefined : file.line(['unit_tests', index]);
}
