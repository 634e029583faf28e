/** Semantic models, metrics and saved queries as YAML declares them, with all keys that the manifest's schema has. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap, ManifestNode, ManifestSemantic, RefArgs } from '../manifest/types.ts';
import { configOf, unrenderedConfig } from './config.ts';
import { fqnOfEntry, ownerName, sourcesOfConfig } from './exposures.ts';
import { asList, asMap, isMap, type Mutable, textList, textOr, unique } from './json.ts';
import type { Lookup } from './lookup.ts';
import type { PropertyEntry } from './properties.ts';
import { referenceOf } from './template-use.ts';
import type { Workspace } from './workspace.ts';
import { mistake } from './yaml.ts';

type Defaults = JsonMap;

const inConfig: Defaults = { config: { meta: {} } };
const described: Defaults = { description: null, label: null, expr: null, ...inConfig };
const measureInput: Defaults = { filter: null, alias: null, join_to_timespine: false, fill_nulls_with: null };
const metricInput: Defaults = { filter: null, alias: null, offset_window: null, offset_to_grain: null };

const listWith = (value: JsonValue | undefined, defaults: Defaults): readonly JsonMap[] =>
  asList(value).map((item) => ({ ...defaults, ...asMap(item) }));

/** A name, or a mapping with a name, with all keys of its shape; null stays null. */
function input(value: JsonValue | undefined, defaults: Defaults): JsonMap | null {
  if (typeof value === 'string') return { ...defaults, name: value };
  return isMap(value) ? { ...defaults, ...value } : null;
}

const typeParams = (params: JsonMap): JsonMap => {
  const measure = input(params.measure, measureInput);
  return {
    expr: null,
    window: null,
    grain_to_date: null,
    conversion_type_params: null,
    cumulative_type_params: null,
    metric_aggregation_params: null,
    ...params,
    measure,
    input_measures: measure ? [measure] : [],
    numerator: input(params.numerator, metricInput),
    denominator: input(params.denominator, metricInput),
    metrics: asList(params.metrics).map((item) => input(item, metricInput)),
  };
};

/** The keys that each kind has besides those of all. */
const completions: Readonly<Record<string, (value: JsonMap) => JsonMap>> = {
  semantic_model: (value) => ({
    defaults: null,
    primary_entity: null,
    ...value,
    entities: listWith(value.entities, { ...described, role: null }),
    measures: listWith(value.measures, {
      ...described,
      create_metric: false,
      agg_params: null,
      non_additive_dimension: null,
      agg_time_dimension: null,
    }),
    dimensions: listWith(value.dimensions, { ...described, is_partition: false, type_params: null, metadata: null }),
  }),
  metric: (value) => ({
    filter: null,
    time_granularity: null,
    ...value,
    description: textOr(value.description, ''),
    type_params: typeParams(asMap(value.type_params)),
    sources: [],
    metrics: [],
  }),
  saved_query: (value) => ({
    ...value,
    query_params: { metrics: [], group_by: [], where: null, order_by: [], limit: null, ...asMap(value.query_params) },
    exports: asList(value.exports),
  }),
};

const semanticKinds = { semantic_models: 'semantic_model', metrics: 'metric', saved_queries: 'saved_query' } as const;

/** The metrics that a metric or saved query names. */
function metricNames(value: JsonMap): readonly string[] {
  const params = asMap(value.type_params);
  const named = (item: JsonValue | undefined): readonly string[] => {
    if (typeof item === 'string') return [item];
    return isMap(item) && typeof item.name === 'string' ? [item.name] : [];
  };
  const lists = [
    ...asList(params.metrics),
    ...asList(params.input_metrics),
    ...asList(asMap(value.query_params).metrics),
  ];
  return unique([...lists, params.numerator, params.denominator].flatMap(named));
}

/** The measures that a metric names. */
function measureNames(value: JsonMap): readonly string[] {
  const params = asMap(value.type_params);
  const conversion = asMap(params.conversion_type_params);
  const named = (item: JsonValue | undefined): readonly string[] =>
    typeof item === 'string' ? [item] : textList(asMap(item).name);
  return unique([params.measure, conversion.base_measure, conversion.conversion_measure].flatMap(named));
}

/** A semantic model, metric or saved query with what it refers to by name. */
export interface SemanticDraft {
  readonly entry: Mutable<ManifestSemantic>;
  readonly refs: readonly RefArgs[];
  readonly metrics: readonly string[];
  readonly measures: readonly string[];
  /** Names of the measures that it has. */
  readonly has: readonly string[];
}

/** Tags in the config of a metric stay there; those of a saved query are its own. */
const tagsOf = (kind: string, value: JsonMap): readonly string[] =>
  textList(kind === 'metric' ? value.tags : (value.tags ?? asMap(value.config).tags));

/** The metrics that measures ask for with create_metric, as if they were written. */
function measureMetrics({ value, ...entry }: PropertyEntry): readonly PropertyEntry[] {
  if (entry.kind !== 'semantic_models') return [];
  const created = asList(value.measures)
    .map(asMap)
    .filter((measure) => measure.create_metric === true);
  return created.map((measure) => {
    const name = textOr(measure.name, '');
    const metric: JsonMap = {
      name,
      label: measure.label ?? name,
      description: `Metric created from measure ${name}`,
      type: 'simple',
      type_params: { measure: name, expr: measure.expr ?? name },
    };
    return { ...entry, kind: 'metrics', name, value: metric };
  });
}

/** A semantic model with the metrics that its measures ask for, a metric, or a saved query. Errors: MR-TRF-102. */
export function readSemantics(workspace: Workspace, entry: PropertyEntry): readonly SemanticDraft[] {
  return [entry, ...measureMetrics(entry)].map((one) => readSemantic(workspace, one));
}

/** A semantic model, metric or saved query, kept as it is written. Errors: MR-TRF-102. */
function readSemantic(workspace: Workspace, entry: PropertyEntry): SemanticDraft {
  const { value } = entry;
  const kind = semanticKinds[entry.kind as keyof typeof semanticKinds];
  const sources = sourcesOfConfig(workspace, entry, kind);
  const config = configOf(sources, ownerName(workspace, kind.replaceAll('_', ' '), entry));
  const reference = typeof value.model === 'string' ? referenceOf(value.model) : undefined;
  if (kind === 'semantic_model' && !(reference && 'ref' in reference)) {
    throw mistake(entry.place, "a semantic model needs a model, such as ref('orders')", 'model');
  }
  const refs = reference && 'ref' in reference ? [reference.ref] : [];
  const { config: _, ...rest } = completions[kind]?.(value) ?? value;
  return {
    entry: {
      ...rest,
      name: entry.name,
      resource_type: kind,
      package_name: entry.packageName,
      path: entry.path,
      original_file_path: entry.originalPath,
      unique_id: `${kind}.${entry.packageName}.${entry.name}`,
      fqn: fqnOfEntry(entry),
      description: textOr(rest.description, null),
      label: textOr(value.label, null),
      config: { ...config, enabled: config.enabled === true },
      unrendered_config: unrenderedConfig(sources),
      ...(kind === 'metric' ? { meta: asMap(config.meta) } : {}),
      group: textOr(config.group ?? value.group, null),
      ...(kind === 'semantic_model' ? {} : { tags: tagsOf(kind, value) }),
      refs,
      depends_on: { macros: [], nodes: [] },
      created_at: workspace.now,
    },
    refs,
    metrics: metricNames(value),
    measures: measureNames(value),
    has: asList(value.measures).flatMap((measure) => textList(asMap(measure).name)),
  };
}

/** Notes the nodes, semantic models and metrics that semantic entries read, and where the models of these stand. */
export function linkSemantics(drafts: readonly SemanticDraft[], lookup: Lookup): void {
  const find = (kind: string, holds: (draft: SemanticDraft) => boolean): readonly string[] =>
    drafts.filter((draft) => draft.entry.resource_type === kind && holds(draft)).map((draft) => draft.entry.unique_id);
  for (const { entry, refs, metrics, measures } of drafts) {
    const nodes = refs.flatMap((ref): readonly ManifestNode[] => {
      const found = lookup.node(ref, entry.package_name);
      return found && 'found' in found ? [found.found] : [];
    });
    const models = find('semantic_model', (draft) => draft.has.some((measure) => measures.includes(measure)));
    const named = find('metric', (draft) => metrics.includes(draft.entry.name));
    entry.depends_on = { macros: [], nodes: unique([...nodes.map((node) => node.unique_id), ...models, ...named]) };
    const [node] = nodes;
    if (entry.resource_type !== 'semantic_model') continue;
    entry.node_relation = node
      ? { alias: node.alias, schema_name: node.schema, database: node.database, relation_name: node.relation_name }
      : null;
  }
}

/** Notes the metrics that nodes and exposures name by metric(). */
export function linkMetrics(
  entries: readonly {
    metrics: readonly (readonly string[])[];
    depends_on: { macros: readonly string[]; nodes: readonly string[] };
  }[],
  drafts: readonly SemanticDraft[],
): void {
  const metrics = drafts.map(({ entry }) => entry).filter((entry) => entry.resource_type === 'metric');
  for (const entry of entries) {
    const named = entry.metrics.flatMap((names) => metrics.filter((metric) => metric.name === names.at(-1)));
    if (named.length === 0) continue;
    const ids = named.map((metric) => metric.unique_id);
    entry.depends_on = { ...entry.depends_on, nodes: unique([...entry.depends_on.nodes, ...ids]) };
  }
}
