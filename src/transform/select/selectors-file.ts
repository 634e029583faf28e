/** selectors.yml: selections under names, defined by text, by key and value, or in full with unions and exclusions. */
import { closest } from 'fastest-levenshtein';
import { LineCounter, parseDocument } from 'yaml';
import { MillraceError } from '../../kernel/errors.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import {
  type Combination,
  type Criterion,
  checkCriterion,
  type IndirectSelection,
  indirectSelections,
  parseCriterion,
  parseMethod,
  type Selection,
} from './selection.ts';

/** The selectors of a project. */
export interface Selectors {
  readonly names: readonly string[];
  /** The one that stands for a command without a selection. */
  readonly defaultName: string | undefined;
  /** Sentences for the user about keys that nothing reads. */
  readonly warnings: readonly string[];
  /** The selection of that name; `indirect` holds where the definition does not say otherwise. */
  selection(name: string, indirect: IndirectSelection): Selection;
}

type Way = readonly (string | number)[];
type Fields = Readonly<Record<string, JsonValue>>;

/** What reading a definition needs: the selectors above it in the file, and how to complain about a place in it. */
interface Reading {
  readonly earlier: ReadonlyMap<string, Definition>;
  readonly indirect: IndirectSelection;
  readonly fail: (way: Way, problem: string) => MillraceError;
  readonly warn: (way: Way, problem: string) => void;
}

/** A value of the file with where it is. */
interface Definition {
  readonly value: JsonValue;
  readonly way: Way;
}

const isFields = (value: JsonValue | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inside = ({ value, way }: Definition, ...keys: Way): Definition => {
  const found = keys.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);
  return { value: found as JsonValue, way: [...way, ...keys] };
};

function listOf(definition: Definition, key: string, reading: Reading): readonly Definition[] {
  const list = inside(definition, key);
  if (!Array.isArray(list.value)) throw reading.fail(list.way, `'${key}' holds a list of definitions`);
  return list.value.map((_, index) => inside(list, index));
}

const raw = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Selections of a list without what an `exclude` among them finds; a criterion that has one stands for it alone. */
function parseGroup(kind: 'union' | 'intersection', definition: Definition, reading: Reading): Selection {
  const isExclusion = ({ value }: Definition): boolean => isFields(value) && 'exclude' in value;
  const parts = listOf(definition, kind, reading);
  const [exclusion, second] = parts.filter(isExclusion);
  if (second) throw reading.fail(second.way, `a ${kind} has one 'exclude' at most`);
  const components = parts.filter((part) => !isExclusion(part)).map((part) => parseDefinition(part, reading));
  return without({ kind, components, indirect: 'eager' }, exclusion, reading);
}

function without(selection: Selection, exclusion: Definition | undefined, reading: Reading): Selection {
  const excluded = exclusion ? listOf(exclusion, 'exclude', reading).map((part) => parseDefinition(part, reading)) : [];
  if (excluded.length === 0) return selection;
  const all: Combination = { kind: 'union', components: excluded, indirect: 'eager' };
  const [only] = excluded;
  const taken = excluded.length === 1 && only ? only : all;
  return { kind: 'difference', components: [selection, taken], indirect: 'eager' };
}

const criterionKeys: readonly string[] = [
  'method',
  'value',
  'childrens_parents',
  'parents',
  'parents_depth',
  'children',
  'children_depth',
  'indirect_selection',
  'exclude',
];

function indirectOf(definition: Definition, fields: Fields, reading: Reading): IndirectSelection {
  const { indirect_selection: written = reading.indirect } = fields;
  const known = indirectSelections.find((name) => name === written);
  if (known) return known;
  const nearest = closest(String(written), [...indirectSelections]);
  throw reading.fail(
    [...definition.way, 'indirect_selection'],
    `'${written}' is no kind of indirect selection; did you mean '${nearest}'?`,
  );
}

/** A depth of zero is none that was given. */
const depthOf = (wanted: JsonValue | undefined, depth: JsonValue | undefined): number => {
  if (!wanted) return 0;
  return depth ? Number(depth) : Number.POSITIVE_INFINITY;
};

function parseCriterionFields(definition: Definition, fields: Fields, reading: Reading): Criterion {
  const text = raw(definition.value);
  try {
    return checkCriterion({
      kind: 'criterion',
      raw: text,
      ...parseMethod(text, String(fields.method), fields.value ?? null),
      value: fields.value ?? null,
      childrensParents: Boolean(fields.childrens_parents),
      parents: depthOf(fields.parents, fields.parents_depth),
      children: depthOf(fields.children, fields.children_depth),
      indirect: indirectOf(definition, fields, reading),
    });
  } catch (thrown) {
    throw located(thrown, definition, reading);
  }
}

/** A mistake in a criterion, with the place in the file. */
function located(thrown: unknown, { way }: Definition, reading: Reading): unknown {
  if (!(thrown instanceof MillraceError) || thrown.code === 'MR-SEL-008') return thrown;
  return reading.fail(way, `${thrown.message} ${thrown.remedy}`.replace(/\.$/, ''));
}

/** `method: selector` takes over what a selector further up in the file says. */
function inherit(definition: Definition, fields: Fields, reading: Reading): Selection {
  const name = String(fields.value);
  const found = reading.earlier.get(name);
  if (found) return parseDefinition(found, reading);
  const nearest = closest(name, [...reading.earlier.keys()]);
  const hint = nearest ? `; did you mean '${nearest}'?` : '';
  throw reading.fail([...definition.way, 'value'], `no selector above this one has the name '${name}'${hint}`);
}

function parseFields(definition: Definition, fields: Fields, reading: Reading): Selection {
  const keys = Object.keys(fields);
  const [key = ''] = keys;
  if (keys.length === 1) {
    return parseCriterionFields(definition, { method: key, value: fields[key] ?? null }, reading);
  }
  if (fields.method === 'selector') return inherit(definition, fields, reading);
  if (!('method' in fields && 'value' in fields)) {
    throw reading.fail(definition.way, `a definition has one key, or 'method' and 'value'; found ${keys.join(', ')}`);
  }
  for (const key of keys.filter((other) => !criterionKeys.includes(other))) {
    const nearest = closest(key, [...criterionKeys]);
    reading.warn([...definition.way, key], `the key '${key}' is unknown; did you mean '${nearest}'?`);
  }
  const criterion = parseCriterionFields(definition, fields, reading);
  return without(criterion, 'exclude' in fields ? definition : undefined, reading);
}

function parseDefinition(definition: Definition, reading: Reading): Selection {
  const { value, way } = definition;
  if (typeof value === 'string') {
    try {
      return parseCriterion(value, reading.indirect);
    } catch (thrown) {
      throw located(thrown, definition, reading);
    }
  }
  if (!isFields(value)) throw reading.fail(way, 'a definition is a text or has keys');
  if ('union' in value) return parseGroup('union', definition, reading);
  if ('intersection' in value) return parseGroup('intersection', definition, reading);
  return parseFields(definition, value, reading);
}

/** A root may hold a union or an intersection, not both, nor anything beside it. */
function checkRoot({ value, way }: Definition, fail: Reading['fail']): void {
  if (!isFields(value)) return;
  const keys = Object.keys(value);
  if (keys.length > 1 && keys.some((key) => key === 'union' || key === 'intersection')) {
    throw fail(way, `a definition has a single 'union' or 'intersection'; found ${keys.join(', ')}`);
  }
}

interface Entry {
  readonly name: string;
  readonly isDefault: boolean;
  readonly definition: Definition;
}

const entryKeys: readonly string[] = ['name', 'description', 'default', 'definition'];

function readEntry(file: Definition, index: number, fail: Reading['fail']): Entry {
  const way = ['selectors', index];
  const { value } = inside(file, ...way);
  if (!isFields(value)) throw fail(way, "a selector has a 'name' and a 'definition'");
  for (const key of Object.keys(value)) {
    if (!entryKeys.includes(key)) {
      throw fail([...way, key], `the key '${key}' is unknown; did you mean '${closest(key, [...entryKeys])}'?`);
    }
  }
  const { name, default: isDefault = false } = value;
  if (typeof name !== 'string') throw fail(way, "a selector has a 'name'");
  const definition = inside(file, ...way, 'definition');
  if (definition.value === undefined) throw fail(way, `the selector '${name}' has no 'definition'`);
  checkRoot(definition, fail);
  return { name, isDefault: isDefault === true, definition };
}

/** No selectors: a project without the file. */
export const noSelectors: Selectors = {
  names: [],
  defaultName: undefined,
  warnings: [],
  selection: () => ({ kind: 'union', components: [], indirect: 'eager' }),
};

/**
 * Reads a project's selectors.yml. `path` is how errors call the file.
 * Errors: MR-SEL-008 with the file, the line and what is wrong.
 */
export function readSelectors(text: string, path: string): Selectors {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (way: Way): number => {
    for (let length = way.length; length >= 0; length--) {
      const node = document.getIn(way.slice(0, length), true) as { range?: readonly number[] } | undefined;
      if (node?.range) return lines.linePos(node.range[0] ?? 0).line;
    }
    return 1;
  };
  const fail = (way: Way, problem: string): MillraceError =>
    new MillraceError('MR-SEL-008', { path, line: lineOf(way), problem });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    throw new MillraceError('MR-SEL-008', { path, line, problem: error.message.split('\n')[0] ?? '' });
  }

  const file: Definition = { value: document.toJS(), way: [] };
  const list = isFields(file.value) ? file.value.selectors : undefined;
  if (!Array.isArray(list)) throw fail([], "the file has a list 'selectors'");
  const entries = list.map((_, index) => readEntry(file, index, fail));
  const [first, second] = entries.filter((entry) => entry.isDefault);
  if (first && second) {
    throw fail(second.definition.way, `'${first.name}' and '${second.name}' cannot both be the default`);
  }
  const warnings = new Set<string>();
  const warn = (way: Way, problem: string) => warnings.add(`${path}, line ${lineOf(way)}: ${problem}`);
  const selection = (name: string, indirect: IndirectSelection): Selection => {
    const index = entries.findLastIndex((entry) => entry.name === name);
    const earlier = new Map(entries.slice(0, index).map((entry) => [entry.name, entry.definition]));
    const definition = entries[index]?.definition ?? file;
    return parseDefinition(definition, { earlier, indirect, fail, warn });
  };
  for (const { name } of entries) selection(name, 'eager');
  return { names: entries.map(({ name }) => name), defaultName: first?.name, warnings: [...warnings], selection };
}
