/** Which entries of a manifest a selection finds, with the tests that come along, as dbt finds them. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { Manifest, ManifestNode, ResourceType } from '../manifest/types.ts';
import { parentIds, reach, type SelectionGraph, selectionGraph } from './graph.ts';
import { criterionMatcher, type EarlierState, type MethodContext } from './methods.ts';
import {
  type Combination,
  type Criterion,
  type IndirectSelection,
  parseSelection,
  type Selection,
} from './selection.ts';
import type { Selectors } from './selectors-file.ts';

/** What a command says about what it is for. */
export interface SelectionOptions {
  /** The words of `--select`; none for everything, or for the default selector. */
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  /** The name of a selector of selectors.yml, which leaves `select` and `exclude` aside. */
  readonly selector?: string;
  readonly selectors?: Selectors;
  /** 'eager' when it is not given. */
  readonly indirect?: IndirectSelection;
  /** What kinds to keep; all when it is not given. */
  readonly resourceTypes?: ReadonlySet<ResourceType>;
  /** Whether to keep nodes whose file is empty: `list` does, what runs does not. */
  readonly keepsEmpty?: boolean;
  readonly earlier?: EarlierState;
  /** When it is now; it matters where contracts and deprecation dates meet. */
  readonly now: Date;
}

/** What was found. */
export interface SelectionResult {
  /** unique_ids, sorted. */
  readonly ids: readonly string[];
  /** Sentences for the user: a criterion that found nothing, a contract that breaks. */
  readonly warnings: readonly string[];
}

type Ids = ReadonlySet<string>;

/** What is selected, and the tests that could come along when more of what they read is selected. */
interface Found {
  readonly direct: Ids;
  readonly indirect: Ids;
}

interface Search {
  readonly graph: SelectionGraph;
  readonly context: MethodContext;
}

const union = (sets: readonly Ids[]): Ids => new Set(sets.flatMap((set) => [...set]));

const combine: Readonly<Record<Combination['kind'], (sets: readonly Ids[]) => Ids>> = {
  union,
  intersection: ([first = new Set(), ...rest]) =>
    new Set([...first].filter((id) => rest.every((other) => other.has(id)))),
  difference: ([first = new Set(), ...rest]) =>
    new Set([...first].filter((id) => !rest.some((other) => other.has(id)))),
};

const isWithin = (ids: readonly string[], set: Ids): boolean => ids.every((id) => set.has(id));

function relatives({ graph }: Search, criterion: Criterion, found: Ids): Ids {
  const { parents, children } = graph;
  const sets = [reach(parents, found, criterion.parents), reach(children, found, criterion.children)];
  if (criterion.childrensParents) {
    const below = union([found, reach(children, found, Number.POSITIVE_INFINITY)]);
    sets.push(below, reach(parents, below, Number.POSITIVE_INFINITY));
  }
  return union(sets);
}

/** The tests of what is selected: those that come along, and those that wait for more of what they read. */
function addTests({ graph }: Search, selected: Ids, indirect: IndirectSelection): Found {
  if (indirect === 'empty') return { direct: selected, indirect: new Set() };
  const ready = indirect === 'buildable' ? withParents(graph, selected, true) : selected;
  const direct = new Set(selected);
  const waiting = new Set<string>();
  for (const id of [...selected].flatMap((parent) => graph.children.get(parent) ?? [])) {
    const entry = graph.entries.get(id);
    if (entry?.resource_type !== 'test' && entry?.resource_type !== 'unit_test') continue;
    if (indirect === 'eager' || isWithin(parentIds(entry), ready)) direct.add(id);
    else waiting.add(id);
  }
  return { direct, indirect: waiting };
}

function withParents(graph: SelectionGraph, selected: Ids, andSources: boolean): Ids {
  const sources = [...graph.entries].flatMap(([id, entry]) =>
    andSources && entry.resource_type === 'source' ? [id] : [],
  );
  return union([selected, reach(graph.parents, selected, Number.POSITIVE_INFINITY), new Set(sources)]);
}

/** Those of the waiting tests that a combination of selections holds all parents of. */
function admitTests({ graph }: Search, direct: Ids, waiting: Ids, indirect: IndirectSelection): Ids {
  if (indirect !== 'cautious' && indirect !== 'buildable') return direct;
  const admitted = new Set(direct);
  const parents = indirect === 'buildable' ? withParents(graph, direct, false) : undefined;
  for (const id of waiting) {
    const entry = graph.entries.get(id);
    if (!entry || entry.resource_type === 'unit_test') continue;
    if (isWithin(parentIds(entry), parents ? union([parents, admitted]) : admitted)) admitted.add(id);
  }
  return admitted;
}

function findCriterion(search: Search, criterion: Criterion): Found {
  const matches = criterionMatcher(criterion, search.context);
  const found = new Set([...search.graph.entries].flatMap(([id, entry]) => (matches(entry) ? [id] : [])));
  return addTests(search, union([found, relatives(search, criterion, found)]), criterion.indirect);
}

function find(search: Search, selection: Selection): Found {
  if (selection.kind === 'criterion') return findCriterion(search, selection);
  const parts = selection.components.map((component) => find(search, component));
  const merge = combine[selection.kind];
  const indirect = merge(parts.map((part) => union([part.direct, part.indirect])));
  const direct = admitTests(search, merge(parts.map((part) => part.direct)), indirect, selection.indirect);
  if (selection.expected !== undefined && direct.size === 0) {
    search.context.warn(`The selection '${selection.expected}' finds nothing that is enabled.`);
  }
  return { direct, indirect };
}

/** The selection that the options stand for. Errors: MR-SEL-001, MR-SEL-002, MR-SEL-006 for an unknown selector. */
function selectionOf({
  select = [],
  exclude = [],
  selector,
  selectors,
  indirect = 'eager',
}: SelectionOptions): Selection {
  const isPlain = select.length === 0 && exclude.length === 0;
  const name = selector ?? (isPlain ? selectors?.defaultName : undefined);
  if (name === undefined) return parseSelection(select, exclude, indirect);
  const known = selectors?.names ?? [];
  if (!selectors || !known.includes(name)) {
    throw new MillraceError('MR-SEL-006', { name, nearest: nearest(name, known) });
  }
  return selectors.selection(name, indirect);
}

const isEmptyNode = (manifest: Manifest, id: string): boolean => {
  const node: ManifestNode | undefined = manifest.nodes[id];
  return node !== undefined && node.resource_type !== 'seed' && node.raw_code.trim() === '';
};

/**
 * Finds what the options select among what is enabled.
 * Errors: MR-SEL-001 to MR-SEL-007.
 */
export function selectEntries(manifest: Manifest, options: SelectionOptions): SelectionResult {
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (!warnings.includes(message)) warnings.push(message);
  };
  const graph = selectionGraph(manifest);
  const context: MethodContext = { manifest, earlier: options.earlier ?? {}, now: options.now, warn };
  const { direct } = find({ graph, context }, selectionOf(options));
  const { resourceTypes, keepsEmpty = false } = options;
  const ids = [...direct].filter((id) => {
    const entry = graph.entries.get(id);
    if (!entry || (resourceTypes && !resourceTypes.has(entry.resource_type))) return false;
    return keepsEmpty || !isEmptyNode(manifest, id);
  });
  return { ids: ids.sort(), warnings };
}
