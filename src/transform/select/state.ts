/** How an entry differs from what an earlier manifest says of it: `state:new`, `state:modified` and its parts. */
import { isDeepStrictEqual } from 'node:util';
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { GraphEntry, Manifest, ManifestNode } from '../manifest/types.ts';
import { breakingChanges, contractIsSame, removalBreaks } from './contract.ts';
import { graphEntries, isNodeType } from './graph.ts';

/** Tells an author about a change that others may depend on. */
export type Warn = (message: string) => void;

type Fields = Readonly<Record<string, unknown>>;
type Same = (now: Fields, before: Fields) => boolean;

const fieldsOf = (entry: GraphEntry): Fields => entry as unknown as Fields;

const sameFields =
  (...names: readonly string[]): Same =>
  (now, before) =>
    names.every((name) => isDeepStrictEqual(now[name] ?? null, before[name] ?? null));

const sameMembers = (name: string, ...members: readonly string[]): Same => {
  const same = sameFields(...members);
  return (now, before) => same((now[name] ?? {}) as Fields, (before[name] ?? {}) as Fields);
};

const all =
  (...rules: readonly Same[]): Same =>
  (now, before) =>
    rules.every((rule) => rule(now, before));

/** Configs that say where a relation is or how it is found, not what it is. */
const uncompared: ReadonlySet<string> = new Set(['alias', 'schema', 'database', 'tags', 'group']);

/** Configs of a test that change what it finds. */
const testConfigs: readonly string[] = [
  'severity',
  'where',
  'limit',
  'fail_calc',
  'warn_if',
  'error_if',
  'store_failures',
  'store_failures_as',
];

/** As authors wrote them, before they were rendered; a config that is written now and was not before is a change. */
const sameConfig: Same = (now, before) => {
  const [mine, other] = [now, before].map((entry) => (entry.unrendered_config ?? {}) as Fields);
  if (!mine || !other) return false;
  const isTest = now.resource_type === 'test';
  const isPlain = now.resource_type === 'source' || now.resource_type === 'exposure';
  const keys = isTest ? testConfigs : [...new Set([...Object.keys(mine), ...Object.keys(other)])];
  return keys.every(
    (key) =>
      (uncompared.has(key) && !isPlain) || (key in mine === key in other && isDeepStrictEqual(mine[key], other[key])),
  );
};

const sameBody: Same = (now, before) =>
  now.resource_type === 'seed' ? sameFields('checksum')(now, before) : now.raw_code === before.raw_code;

const sameRelation: Same = (now, before) =>
  now.resource_type === 'source'
    ? sameFields('database', 'schema', 'identifier')(now, before)
    : sameMembers('unrendered_config', 'database', 'schema', 'alias')(now, before);

const columnDescriptions = (entry: Fields): unknown =>
  Object.fromEntries(
    Object.entries((entry.columns ?? {}) as Record<string, Fields>).map(([k, v]) => [k, v.description]),
  );

/** Descriptions count where they are written into the database. */
const sameDescriptions: Same = (now, before) => {
  const { persist_docs: kept } = now.config as { persist_docs?: { relation?: unknown; columns?: unknown } };
  if (kept?.relation && now.description !== before.description) return false;
  return !kept?.columns || isDeepStrictEqual(columnDescriptions(now), columnDescriptions(before));
};

const sameNode = all(sameBody, sameConfig, sameDescriptions, sameFields('fqn'), sameRelation);

/** Unit tests have a checksum where the manifest's writer gave one. */
const sameUnitTest: Same = (now, before) =>
  now.checksum && before.checksum
    ? now.checksum === before.checksum
    : sameFields('model', 'given', 'expect', 'overrides')(now, before);

const sameExports: Same = (now, before) => {
  const [mine, other] = [now, before].map((entry) => (entry.exports ?? []) as readonly Fields[]);
  const same = all(sameFields('name'), sameMembers('unrendered_config', 'export_as', 'schema', 'alias'));
  return mine?.length === other?.length && (mine ?? []).every((one, index) => same(one, other?.[index] ?? {}));
};

const sameDependencies: Same = (now, before) => {
  const [mine, other] = [now, before].map((entry) => (entry.depends_on as { nodes?: readonly string[] }).nodes ?? []);
  return isDeepStrictEqual(new Set(mine), new Set(other));
};

/** What of an entry counts as its content, by its resource type; the rest are nodes. */
const sameContents: Readonly<Record<string, Same>> = {
  model: all(sameNode, sameFields('latest_version', 'access', 'deprecation_date')),
  test: (now, before) => (now.test_metadata ? all(sameConfig, sameFields('fqn'))(now, before) : sameNode(now, before)),
  source: all(
    sameRelation,
    sameConfig,
    sameFields('fqn', 'freshness', 'loaded_at_field', 'external'),
    sameMembers('quoting', 'database', 'schema', 'identifier', 'column'),
  ),
  exposure: all(
    sameFields('fqn', 'type', 'owner', 'maturity', 'url', 'description', 'label'),
    sameDependencies,
    sameConfig,
  ),
  metric: all(sameFields('type', 'description', 'label'), sameConfig),
  semantic_model: sameFields(
    ...['model', 'description', 'defaults', 'entities', 'dimensions', 'measures', 'config', 'primary_entity', 'group'],
  ),
  saved_query: all(
    sameMembers('query_params', 'metrics', 'group_by', 'where'),
    sameFields('description', 'label', 'config', 'group', 'tags'),
    sameExports,
  ),
  unit_test: sameUnitTest,
};

/** What is no node counts as unchanged where it was not there before: `state:new` finds it. */
const unchangedWhenNew: ReadonlySet<string> = new Set([
  'source',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
]);

/** Which macros differ between two manifests, those that only one of them has included. */
function changedMacros(now: Manifest, before: Manifest): ReadonlySet<string> {
  const ids = new Set([...Object.keys(now.macros), ...Object.keys(before.macros)]);
  return new Set([...ids].filter((id) => now.macros[id]?.macro_sql !== before.macros[id]?.macro_sql));
}

/** Whether an entry calls, itself or through macros, one that changed. */
function callsChangedMacro(entry: GraphEntry, manifest: Manifest, changed: ReadonlySet<string>): boolean {
  const seen = new Set<string>();
  const calls = (macros: readonly string[]): boolean =>
    macros.some((id) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return changed.has(id) || calls(manifest.macros[id]?.depends_on.macros ?? []);
    });
  const { macros = [] } = ('depends_on' in entry ? entry.depends_on : {}) as { macros?: readonly string[] };
  return changed.size > 0 && calls(macros);
}

const asModel = (entry: GraphEntry | undefined): ManifestNode | undefined =>
  entry?.resource_type === 'model' ? (entry as ManifestNode) : undefined;

/** Says what breaks; for a versioned model, on which others have pinned themselves, that is an error. */
function reportBreaks(model: ManifestNode, changes: readonly string[], warn: Warn): void {
  if (changes.length === 0) return;
  const details = { model: model.unique_id, changes: changes.join('; '), path: model.original_file_path };
  if (model.version !== null && model.version !== undefined) throw new MillraceError('MR-SEL-007', details);
  warn(`The contract of ${details.model} (${details.path}) breaks for those who rely on it: ${details.changes}`);
}

/** What was there before and is not now, or is disabled, where its contract was enforced. */
function reportRemoved(now: Manifest, before: Manifest, at: Date, warn: Warn): void {
  for (const [id, entry] of Object.entries(before.nodes)) {
    const disabled = now.disabled[id]?.[0];
    const removed = asModel(disabled ?? (id in now.nodes ? undefined : entry));
    if (removed) reportBreaks(removed, removalBreaks(removed, disabled !== undefined, at), warn);
  }
}

/** Tells which entries a criterion `state:VALUE` finds. */
export interface StateComparison {
  readonly now: Manifest;
  readonly before: Manifest;
  /** When it is now: a model past its deprecation date may be removed. */
  readonly at: Date;
  readonly warn: Warn;
}

type Check = (now: GraphEntry, before: GraphEntry | undefined) => boolean;

/** Differs where the rule applies to the entry and says so, or there was none. */
const differsBy =
  (rule: Same, types: (type: string) => boolean): Check =>
  (now, before) =>
    types(now.resource_type) && (before === undefined || !rule(fieldsOf(now), fieldsOf(before)));

function stateChecks({ now: manifest, before: earlier, warn }: StateComparison): Readonly<Record<string, Check>> {
  const changed = changedMacros(manifest, earlier);
  const macros: Check = (now) => callsChangedMacro(now, manifest, changed);

  const sameContract = (now: GraphEntry, before: GraphEntry): boolean => {
    const [model, old] = [asModel(now), asModel(before)];
    if (!model || !old || contractIsSame(model, old)) return true;
    reportBreaks(model, breakingChanges(model, old), warn);
    return false;
  };

  const contents: Check = (now, before) => {
    const type = now.resource_type;
    if (before === undefined) return !unchangedWhenNew.has(type);
    const contract = sameContract(now, before);
    return !((sameContents[type] ?? sameNode)(fieldsOf(now), fieldsOf(before)) && contract);
  };

  const modified: Check = (now, before) => contents(now, before) || macros(now, before);
  return {
    new: (_, before) => before === undefined,
    old: (_, before) => before !== undefined,
    modified,
    unmodified: (now, before) => !modified(now, before),
    'modified.body': differsBy(sameBody, isNodeType),
    'modified.configs': differsBy(
      (now, before) =>
        now.resource_type === 'semantic_model' || now.resource_type === 'saved_query'
          ? sameFields('config')(now, before)
          : sameConfig(now, before),
      (type) => type !== 'unit_test',
    ),
    'modified.persisted_descriptions': differsBy(sameDescriptions, isNodeType),
    'modified.relation': differsBy(sameRelation, (type) => isNodeType(type) || type === 'source'),
    'modified.macros': macros,
    'modified.contract': (now, before) =>
      isNodeType(now.resource_type) && (before === undefined || !sameContract(now, before)),
  };
}

/**
 * The test of entries that a criterion `state:VALUE` stands for. It warns of contracts that break.
 * Errors: MR-SEL-003 for an unknown value, MR-SEL-007 where the contract of a versioned model breaks.
 */
export function stateMatcher(value: string, raw: string, comparison: StateComparison): (entry: GraphEntry) => boolean {
  const checks = stateChecks(comparison);
  const check = checks[value];
  if (!check) {
    const known = Object.keys(checks);
    const details = { selection: raw, value, nearest: nearest(value, known), known: known.join(', ') };
    throw new MillraceError('MR-SEL-003', details);
  }
  const { now, before, at, warn } = comparison;
  if (['modified', 'unmodified', 'modified.contract'].includes(value)) reportRemoved(now, before, at, warn);
  const earlier = graphEntries(before);
  return (entry) => check(entry, earlier.get(entry.unique_id));
}
