/** What the context of a node that is run is made of: what all nodes of a run share, and what is the node's own. */
import type { Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode } from '../manifest/types.ts';
import type { Relation } from './relation.ts';
import type { RelationCache } from './relation-cache.ts';
import type { References, RunProject } from './run-project.ts';
import type { Session } from './session.ts';

/** What stands for the input of a unit test: a CTE, by its name, in place of the relation. */
export interface Substitutes {
  /** unique_id of the node or source -> the name of its CTE, without the prefix. */
  readonly ctes: ReadonlyMap<string, string>;
  /** The CTE that stands for the model itself. */
  readonly self: string | undefined;
}

/** What all nodes of a run share. */
export interface RunShared {
  readonly project: RunProject;
  readonly references: References;
  readonly cache: RelationCache;
  readonly common: (name: string) => Value | undefined;
  readonly warn: (message: string) => void;
  /** Shows a text to whoever watches. */
  readonly print: (text: string) => void;
  /** The manifest as templates read it; made when it is first asked for. */
  readonly graph: () => Value;
  readonly selected: readonly string[];
  /** Whether what is read gives no rows: --empty. */
  readonly empty: boolean;
  /** Where a node's relation is when this run has not built it: that of another manifest. */
  readonly deferred: (node: ManifestNode) => Relation | undefined;
}

/** What a node is rendered with. */
export interface NodeSettings {
  readonly node: ManifestNode;
  readonly session: Session;
  /** Names that win over all others: overrides of a unit test, sql and compiled_code of a node that is built. */
  readonly extra?: ReadonlyMap<string, Value>;
  /** Keys put into `model` beside those of the manifest. */
  readonly model?: JsonMap;
  readonly substitutes?: Substitutes;
  /** The rows that refs and sources are held to, by the event_time of each. */
  readonly batch?: { readonly id: string; readonly start: Date; readonly end: Date } | undefined;
  readonly vars?: JsonMap;
  /** Told of each ephemeral model that is referred to. */
  readonly onCte?: (id: string) => void;
  readonly env?: JsonMap;
}
