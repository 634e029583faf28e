/** YAML files checked against a schema, with the line of every mistake. */
import { closest } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Tags } from 'yaml';
import { z } from 'zod';
import { MillraceError } from '../kernel/errors.ts';
import type { ProjectFile } from './files.ts';

/** The way to a value from the top of its document: keys and positions. */
export type YamlPath = readonly PropertyKey[];

/** What a YAML file says, and how to complain about a part of it. */
export interface YamlFile<T> {
  readonly path: string;
  readonly value: T;
  /** The error (MR-TRF-001) that names the file and the line of the value at `at`, or of the nearest thing around it. */
  readonly mistake: (at: YamlPath, problem: string) => MillraceError;
}

/** An object that has no keys but these; another one is answered with the nearest of them. */
export const strictKeys = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const key = String(issue.keys[0]);
      return `the key '${key}' is unknown; did you mean '${closest(key, Object.keys(shape))}'?`;
    },
  });

const truths = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const falsehoods = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;

/** YAML 1.1 as Python's reader, and so dbt, has it: yes and no are booleans, y and n are text. Dates stay text. */
function asPython(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string' || tag.collection) return [tag];
    if (tag.tag === 'tag:yaml.org,2002:timestamp') return [];
    return tag.tag === 'tag:yaml.org,2002:bool'
      ? [{ ...tag, test: tag.identify?.(true) ? truths : falsehoods }]
      : [tag];
  });
}

const parse = (text: string, lineCounter: LineCounter) =>
  parseDocument(text, { version: '1.1', prettyErrors: false, lineCounter, customTags: asPython });

type YamlDocument = ReturnType<typeof parse>;

/** The offset of the value at `at`; where there is none, of what is around it. */
function offsetOfValue(document: YamlDocument, at: YamlPath): number {
  const node = document.getIn(at, true);
  if (isNode(node) && node.range) return node.range[0];
  return at.length === 0 ? 0 : offsetOfValue(document, at.slice(0, -1));
}

function offsetOfKey(document: YamlDocument, at: YamlPath, key: string): number {
  const map = document.getIn(at, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOfValue(document, at);
}

function describe(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join('.');
  const message = issue.message.replace(/^Invalid input: /, '');
  return at === '' || issue.code === 'unrecognized_keys' ? message : `${at}: ${message}`;
}

/** Reads a YAML file; an empty one counts as an object without keys. Errors: MR-TRF-001 with file and line. */
export function readYaml<T>(file: ProjectFile, schema: z.ZodType<T>): YamlFile<T> {
  const { path, text } = file;
  const lines = new LineCounter();
  const fail = (offset: number, problem: string): MillraceError =>
    new MillraceError('MR-TRF-001', { path: `${path}:${lines.linePos(offset).line}`, problem });
  const document = parse(text, lines);
  const [error] = document.errors;
  if (error) throw fail(error.pos[0], error.message);
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) {
    return { path, value: parsed.data, mistake: (at, problem) => fail(offsetOfValue(document, at), problem) };
  }
  const issue = parsed.error.issues[0];
  if (!issue) throw fail(0, 'not valid');
  const key = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  throw fail(
    key === undefined ? offsetOfValue(document, issue.path) : offsetOfKey(document, issue.path, key),
    describe(issue),
  );
}
