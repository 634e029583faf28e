/** What `list` prints of entries: how to select them, their names, their files, or what the manifest says of them. */
import type { GraphEntry, Manifest, ResourceType } from '../manifest/types.ts';
import { graphEntries } from './graph.ts';

export const listOutputs = ['selector', 'name', 'path', 'json'] as const;

export type ListOutput = (typeof listOutputs)[number];

/** What `list` is about when no `--resource-type` is given: all but analyses. */
export const listedTypes: ReadonlySet<ResourceType> = new Set([
  'model',
  'snapshot',
  'seed',
  'test',
  'source',
  'exposure',
  'metric',
  'saved_query',
  'semantic_model',
  'unit_test',
]);

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (entry: GraphEntry): Fields => entry as unknown as Fields;

const hasVersion = (version: unknown): boolean => version !== null && version !== undefined;

/** A criterion that finds the entry alone. */
function selectorOf(entry: GraphEntry): string {
  const { package_name: packageName, name, resource_type: type } = entry;
  const { source_name: source, version } = fieldsOf(entry);
  switch (type) {
    case 'source':
      return `source:${packageName}.${source}.${name}`;
    case 'exposure':
    case 'metric':
    case 'saved_query':
    case 'semantic_model':
      return `${type}:${packageName}.${name}`;
    case 'unit_test':
      return `unit_test:${packageName}.${name}${hasVersion(version) ? `_v${version}` : ''}`;
    default:
      return entry.fqn.join('.');
  }
}

function nameOf(entry: GraphEntry): string {
  const { source_name: source, version } = fieldsOf(entry);
  if (entry.resource_type === 'source') return `${source}.${entry.name}`;
  return entry.resource_type === 'model' && hasVersion(version) ? `${entry.name}.v${version}` : entry.name;
}

/** What JSON has of an entry when no keys are asked for, in the manifest's order. */
const usualKeys: ReadonlySet<string> = new Set([
  'alias',
  'name',
  'package_name',
  'depends_on',
  'tags',
  'config',
  'resource_type',
  'source_name',
  'original_file_path',
  'unique_id',
]);

/** The fields that are asked for, among them `config.materialized`; a nested one only where it has a value. */
function pick(entry: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(
    keys.flatMap((key): (readonly [string, unknown])[] => {
      if (!key.includes('.')) return key in entry ? [[key, entry[key]]] : [];
      const value = key.split('.').reduce<unknown>((at, part) => (at as Fields | null | undefined)?.[part], entry);
      return value === undefined || value === null ? [] : [[key, value]];
    }),
  );
}

/** JSON on one line, with a space after commas and colons, and ASCII alone. */
function lineOfJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(lineOfJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => `${lineOfJson(key)}: ${lineOfJson(member)}`);
    return `{${members.join(', ')}}`;
  }
  const text = JSON.stringify(value ?? null);
  return text.replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const outputs: Readonly<Record<ListOutput, (entry: GraphEntry, keys: readonly string[]) => string>> = {
  selector: selectorOf,
  name: nameOf,
  path: (entry) => entry.original_file_path,
  json: (entry, keys) => {
    const usual = Object.keys(entry).filter((key) => usualKeys.has(key));
    return lineOfJson(pick(fieldsOf(entry), keys.length > 0 ? keys : usual));
  },
};

/** One line for each of the unique_ids, in their order. `keys` are what JSON is to have, instead of the usual. */
export function listEntries(
  manifest: Manifest,
  ids: readonly string[],
  output: ListOutput,
  keys: readonly string[] = [],
): readonly string[] {
  const entries = graphEntries(manifest);
  return ids.flatMap((id) => {
    const entry = entries.get(id);
    return entry ? [outputs[output](entry, keys)] : [];
  });
}
