/** What ref() and source() stand for, and which of them a node uses. */
import { closest } from 'fastest-levenshtein';
import { MillraceError } from '../kernel/errors.ts';
import { type Relation, relationSql, type SourceTable, sourceId } from './manifest.ts';
import type { JsonObject, Scope } from './template.ts';

/** A model or seed as far as its name and its relation; undefined when it is disabled. */
type Referables = ReadonlyMap<string, Relation | undefined>;

/** All that can be referred to. */
export interface References {
  readonly packageName: string;
  readonly nodes: Referables;
  readonly sources: ReadonlyMap<string, SourceTable>;
}

/** A scope, and the ids of what its templates have referred to. */
export interface RecordingScope {
  readonly scope: Scope;
  readonly dependsOn: ReadonlySet<string>;
}

/** A scope in which ref and source only have to be there: for the first pass, which collects configs. */
export const collectingScope = (node: string, onConfig: (values: JsonObject) => void): Scope => ({
  node,
  ref: (name) => name,
  source: (source, table) => sourceId(source, table),
  config: onConfig,
  this: node,
  execute: false,
});

/** A scope for values of YAML files, where only variables and the environment are at hand. */
export function valueScope(node: string): Scope {
  const absent = (call: string) => (): never => {
    throw new Error(`${call} cannot be used here`);
  };
  return {
    node,
    ref: absent('ref()'),
    source: absent('source()'),
    config: absent('config()'),
    this: node,
    execute: false,
  };
}

function unknownReference(node: string, reference: string, known: readonly string[]): MillraceError {
  const nearest = known.length > 0 ? closest(reference, known) : 'something else (there is nothing to refer to yet)';
  return new MillraceError('MR-TRF-002', { model: node, reference, nearest });
}

const refCall = (name: string): string => `ref('${name}')`;
const sourceCall = (source: string, table: string): string => `source('${source}', '${table}')`;

/** The scope of one node or test in the second pass: references are looked up (MR-TRF-002) and remembered. */
export function resolvingScope(references: References, node: string, relation: string): RecordingScope {
  const dependsOn = new Set<string>();
  const scope: Scope = {
    node,
    ref(name, packageName) {
      if (packageName !== undefined && packageName !== references.packageName) {
        throw new Error(`ref('${packageName}', '${name}'): packages are not supported`);
      }
      const found = references.nodes.get(name);
      if (found) {
        dependsOn.add(name);
        return relationSql(found);
      }
      if (references.nodes.has(name)) throw new Error(`${refCall(name)}: it is disabled`);
      throw unknownReference(node, refCall(name), [...references.nodes.keys()].map(refCall));
    },
    source(source, table) {
      const found = references.sources.get(sourceId(source, table));
      if (!found) {
        const known = [...references.sources.values()].map((item) => sourceCall(item.source, item.name));
        throw unknownReference(node, sourceCall(source, table), known);
      }
      dependsOn.add(found.id);
      return relationSql(found.relation);
    },
    config: () => undefined,
    this: relation,
    execute: true,
  };
  return { scope, dependsOn };
}
