/** YAML files as Python's reader has them, with the line of every value. */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type Tags, visit } from 'yaml';
import { type ErrorCode, type ErrorDetails, MillraceError } from '../../kernel/errors.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';

/** The way to a value from the top of its document: keys and positions. */
export type YamlPath = readonly (string | number)[];

/** What a YAML file says, and where. */
export interface YamlFile {
  /** Below the project. */
  readonly path: string;
  readonly value: JsonValue;
  /** The ways, as JSON, to numbers that are written as floats although they are whole, such as 1.0. */
  readonly floats: ReadonlySet<string>;
  /** The line of the value at `at`, or of the nearest thing around it; of the key itself when one is named. */
  readonly line: (at: YamlPath, key?: string) => number;
}

const truths = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const falsehoods = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;

/** Python's reader takes a number with an exponent for one only with a point and a sign: E1 and 1e5 are text. */
const exponents = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/;

/** YAML 1.1 as Python's reader has it: yes and no are booleans, y and n are text. Dates stay text. */
function asPython(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string' || tag.collection) return [tag];
    if (tag.tag === 'tag:yaml.org,2002:timestamp') return [];
    if (tag.format === 'EXP') return [{ ...tag, test: exponents }];
    return tag.tag === 'tag:yaml.org,2002:bool'
      ? [{ ...tag, test: tag.identify?.(true) ? truths : falsehoods }]
      : [tag];
  });
}

const parse = (text: string, lineCounter: LineCounter) =>
  parseDocument(text, {
    version: '1.1',
    intAsBigInt: true,
    prettyErrors: false,
    lineCounter,
    customTags: asPython,
    keepSourceTokens: false,
  });

type YamlDocument = ReturnType<typeof parse>;

/** The offset of the value at `at`; where there is none, of what is around it. */
function offsetOfValue(document: YamlDocument, at: YamlPath): number {
  const node = document.getIn(at, true);
  if (isNode(node) && node.range) return node.range[0];
  return at.length === 0 ? 0 : offsetOfValue(document, at.slice(0, -1));
}

function offsetOfKey(document: YamlDocument, at: YamlPath, key: string): number {
  const map = document.getIn(at, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOfValue(document, at);
}

/** The ways to whole numbers that are written with a point or an exponent. */
function wholeFloats(document: YamlDocument, text: string): ReadonlySet<string> {
  const found = new Set<string>();
  if (!/\d\.0*(?!\d)|\d[eE][+-]?\d/.test(text)) return found;
  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (typeof scalar.value !== 'number' || !Number.isInteger(scalar.value) || !/[.eE]/.test(scalar.source ?? ''))
        return;
      const way = ancestors.flatMap((ancestor, index): YamlPath => {
        if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
        const next = ancestors[index + 1] ?? scalar;
        return isNode(ancestor) && 'items' in ancestor && !isMap(ancestor)
          ? [(ancestor.items as readonly unknown[]).indexOf(next)]
          : [];
      });
      if (key !== 'key') found.add(JSON.stringify(way));
    },
  });
  return found;
}

/** A block of text at the very end of a file that ends without a line end has none either, for Python's reader. */
function dropAddedLineEnd(document: YamlDocument, text: string): void {
  if (text.endsWith('\n')) return;
  let last: unknown = document.contents;
  while (isMap(last) || isSeq(last)) {
    const item: unknown = last.items.at(-1);
    last = isPair(item) ? item.value : item;
  }
  if (!isScalar(last) || typeof last.value !== 'string') return;
  if (last.type === 'BLOCK_FOLDED' || last.type === 'BLOCK_LITERAL') last.value = last.value.replace(/\n$/, '');
}

/** Integers beyond what JSON holds exactly become text. */
function readIntegers(document: YamlDocument): void {
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value !== 'bigint') return;
      const value = Number(scalar.value);
      scalar.value = Number.isSafeInteger(value) ? value : String(scalar.value);
    },
  });
}

/** Reads a YAML file; an empty one is null. Errors: MR-TRF-101 with file and line. */
export function readYaml(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parse(text, lines);
  const [error] = document.errors;
  if (error) {
    throw new MillraceError('MR-TRF-101', {
      path,
      line: lines.linePos(error.pos[0]).line,
      problem: error.message.split('\n', 1)[0] ?? '',
    });
  }
  dropAddedLineEnd(document, text);
  readIntegers(document);
  return {
    path,
    value: document.toJS() as JsonValue,
    floats: wholeFloats(document, text),
    line: (at, key) =>
      lines.linePos(key === undefined ? offsetOfValue(document, at) : offsetOfKey(document, at, key)).line,
  };
}

/** A YAML file whose value is known already; it is read again only to find a line. */
const rememberedYaml = (path: string, value: JsonValue, floats: ReadonlySet<string>, text: () => string): YamlFile => {
  let read: YamlFile | undefined;
  return {
    path,
    value,
    floats,
    line: (at, key) => {
      read ??= readYaml(path, text());
      return read.line(at, key);
    },
  };
};

/** What was read of YAML texts before, or is read now. */
export interface YamlCache {
  /** What a YAML text says: as it was read before, or as `read` reads it. */
  yaml(text: string, read: () => ReadYaml): ReadYaml;
}

/** What a YAML file was read as. */
export type ReadYaml = Pick<YamlFile, 'value' | 'floats'>;

/** A YAML file, read by a cache where its text is known. Errors: MR-TRF-101. */
export function cachedYaml(cache: YamlCache, path: string, text: string): YamlFile {
  let read: YamlFile | undefined;
  const { value, floats } = cache.yaml(text, () => {
    read = readYaml(path, text);
    return read;
  });
  return read ?? rememberedYaml(path, value, floats, () => text);
}

/** A mapping of a YAML file, with the way to it, so that every mistake names its line. */
export interface YamlPlace {
  readonly file: YamlFile;
  readonly at: YamlPath;
}

/** The place of a part of another one. */
export const within = (place: YamlPlace, ...keys: YamlPath): YamlPlace => ({
  file: place.file,
  at: [...place.at, ...keys],
});

/** An error of the catalogue at a place: its details are given `path` and `line`. */
export const errorAt = (place: YamlPlace, code: ErrorCode, details: ErrorDetails, key?: string): MillraceError =>
  new MillraceError(code, { path: place.file.path, line: place.file.line(place.at, key), ...details });

/** The error of a value that cannot be so (MR-TRF-102). */
export const mistake = (place: YamlPlace, problem: string, key?: string): MillraceError =>
  errorAt(place, 'MR-TRF-102', { problem }, key);
