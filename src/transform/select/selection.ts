/** What a selection says, as data, and how it is read from the words of a command line. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';

/** What a criterion can ask for. */
export const methodNames = [
  'fqn',
  'tag',
  'group',
  'access',
  'source',
  'path',
  'file',
  'package',
  'config',
  'test_name',
  'test_type',
  'resource_type',
  'state',
  'exposure',
  'metric',
  'result',
  'source_status',
  'version',
  'semantic_model',
  'saved_query',
  'unit_test',
] as const;

export type MethodName = (typeof methodNames)[number];

/** Which tests come with the nodes that are selected: of any of them, of nothing else, of what is built by then, none. */
export const indirectSelections = ['eager', 'cautious', 'buildable', 'empty'] as const;

export type IndirectSelection = (typeof indirectSelections)[number];

/** One method with its value, such as `2+tag:nightly`, and which relatives come with what it finds. */
export interface Criterion {
  readonly kind: 'criterion';
  /** As it was written. */
  readonly raw: string;
  readonly method: MethodName;
  /** What follows the method's name, as ['materialized'] in config.materialized. */
  readonly arguments: readonly string[];
  /** Text on a command line; in selectors.yml any value. */
  readonly value: JsonValue;
  /** `@`: what it finds, all below it, and all above those. */
  readonly childrensParents: boolean;
  /** How many steps upwards; Infinity for `+`, 0 for none. */
  readonly parents: number;
  readonly children: number;
  readonly indirect: IndirectSelection;
}

/** Selections put together; a difference is its first component without the others. */
export interface Combination {
  readonly kind: 'union' | 'intersection' | 'difference';
  readonly components: readonly Selection[];
  readonly indirect: IndirectSelection;
  /** As it was written, where to say that it finds nothing is worth while. */
  readonly expected?: string;
}

export type Selection = Criterion | Combination;

const criterionPattern = /^(@)?(?:(\d*)(\+))?(?:([\p{L}\p{N}_.]+):)?(.*?)(?:(\+)(\d*))?$/u;

const defaultMethod = (value: string): MethodName => {
  if (value.includes('/')) return 'path';
  return /\.(?:sql|py|csv)$/i.test(value) ? 'file' : 'fqn';
};

const isMethodName = (name: string): name is MethodName => (methodNames as readonly string[]).includes(name);

/**
 * A method as it is written, `config.meta.owner`, in its parts; without one, the method that its value suggests.
 * Errors: MR-SEL-001 for an unknown one.
 */
export function parseMethod(
  raw: string,
  written: string | undefined,
  value: JsonValue,
): Pick<Criterion, 'method' | 'arguments'> {
  if (written === undefined) return { method: defaultMethod(String(value)), arguments: [] };
  const [name = '', ...rest] = written.split('.');
  if (isMethodName(name)) return { method: name, arguments: rest };
  if (name === 'selector') throw new MillraceError('MR-SEL-004', { selection: raw });
  throw new MillraceError('MR-SEL-001', { selection: raw, method: name, nearest: nearest(name, methodNames) });
}

/** Errors: MR-SEL-002 where it wants both `@` and what is below. */
export function checkCriterion(criterion: Criterion): Criterion {
  if (criterion.childrensParents && criterion.children > 0) {
    const problem = "a leading '@' and a '+' at the end exclude each other";
    throw new MillraceError('MR-SEL-002', { selection: criterion.raw, problem });
  }
  return criterion;
}

const depthOf = (plus: string | undefined, depth: string | undefined): number => {
  if (plus === undefined) return 0;
  return depth ? Number(depth) : Number.POSITIVE_INFINITY;
};

/** Reads one criterion. Errors: MR-SEL-001, MR-SEL-002. */
export function parseCriterion(raw: string, indirect: IndirectSelection): Criterion {
  const match = criterionPattern.exec(raw);
  if (!match) throw new MillraceError('MR-SEL-002', { selection: raw, problem: 'it is no criterion' });
  const [, at, parentsDepth, parentsPlus, method, value = '', childrenPlus, childrenDepth] = match;
  return checkCriterion({
    kind: 'criterion',
    raw,
    ...parseMethod(raw, method, value),
    value,
    childrensParents: at !== undefined,
    parents: depthOf(parentsPlus, parentsDepth),
    children: depthOf(childrenPlus, childrenDepth),
    indirect,
  });
}

/** Words of a command line: those apart by spaces are a union, those joined by commas an intersection. */
function parseUnion(words: readonly string[], indirect: IndirectSelection, expected: boolean): Combination {
  const components = words
    .flatMap((word) => word.split(' '))
    .map(
      (part): Combination => ({
        kind: 'intersection',
        components: part.split(',').map((criterion) => parseCriterion(criterion, indirect)),
        indirect,
        ...(expected && { expected: part }),
      }),
    );
  return { kind: 'union', components, indirect };
}

const everything = ['fqn:*', 'source:*', 'exposure:*', 'metric:*', 'semantic_model:*'];

/**
 * What `--select` and `--exclude` say; without words to select by, everything.
 * Errors: MR-SEL-001, MR-SEL-002.
 */
export function parseSelection(
  select: readonly string[],
  exclude: readonly string[],
  indirect: IndirectSelection,
): Combination {
  const included = select.length > 0 ? parseUnion(select, indirect, true) : parseUnion(everything, indirect, false);
  return {
    kind: 'difference',
    components: [included, parseUnion(exclude, indirect, true)],
    indirect: 'eager',
  };
}
