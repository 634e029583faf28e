/** ref(), source() and `this` of a node that is run: the relations it may read. */
import { utcDateTime } from '../jinja/datetime-module.ts';
import { JinjaError } from '../jinja/errors.ts';
import { Callable, type Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode, ManifestSource, RefArgs } from '../manifest/types.ts';
import { cteRelation, relationOf, sourceRelation } from './node-relations.ts';
import { refOf, sourceOf } from './reference-calls.ts';
import type { EventTimeFilter, Relation } from './relation.ts';
import type { NodeSettings, RunShared } from './run-settings.ts';

const fail = (message: string): never => {
  throw new JinjaError('HostError', message);
};

/** The time filter of a batch on what it reads, where that has an event_time. */
function filterOf(target: { readonly config: JsonMap }, batch: NodeSettings['batch']): EventTimeFilter | null {
  const field = target.config.event_time;
  if (!batch || typeof field !== 'string') return null;
  return { field, start: utcDateTime(batch.start).toText(), end: utcDateTime(batch.end).toText() };
}

/** A node's `access` decides from where it may be referred to. */
function checkAccess(from: ManifestNode, to: ManifestNode): void {
  if (to.access !== 'private' || to.group === (from.group ?? from.config.group ?? null)) return;
  fail(`${from.unique_id} may not refer to ${to.unique_id}: it is private to the group '${to.group}'`);
}

/** ref, source and `this`; `noteCte` is told of each ephemeral model and given input that is referred to. */
export function nodeReferences(shared: RunShared, settings: NodeSettings, noteCte: (id: string) => void) {
  const { project, references } = shared;
  const { node, substitutes, batch } = settings;
  const { quoting } = project;
  const limit = shared.empty && !substitutes ? 0 : null;

  const relationTo = (target: ManifestNode): Relation => {
    const substitute = substitutes?.ctes.get(target.unique_id);
    if (substitute !== undefined || target.config.materialized === 'ephemeral') {
      noteCte(target.unique_id);
      return cteRelation(substitute ?? target.alias).with({ limit, filter: filterOf(target, batch) });
    }
    if (substitutes) fail(`the unit test gives no rows for ref('${target.name}')`);
    const relation = shared.deferred(target) ?? relationOf(target, quoting);
    return relation.with({ limit, filter: filterOf(target, batch) });
  };

  const ref = new Callable('ref', (args, kwargs) => {
    const asked: RefArgs = refOf(args, kwargs);
    const target = references.node(asked, node.package_name);
    const known = node.resource_type === 'operation' || node.depends_on.nodes.includes(target.unique_id);
    if (!known) {
      fail(
        `ref('${target.name}') was not seen when the project was parsed; write: -- depends_on: {{ ref('${target.name}') }}`,
      );
    }
    checkAccess(node, target);
    return relationTo(target);
  });

  const sourceRelationTo = (target: ManifestSource): Relation => {
    const substitute = substitutes?.ctes.get(target.unique_id);
    if (substitute !== undefined) {
      noteCte(target.unique_id);
      return cteRelation(substitute);
    }
    if (substitutes) fail(`the unit test gives no rows for source('${target.source_name}', '${target.name}')`);
    return sourceRelation(target).with({ limit, filter: filterOf(target, batch) });
  };

  const source = new Callable('source', (args) => {
    const [sourceName, tableName] = sourceOf(args);
    return sourceRelationTo(references.source(sourceName, tableName, node.package_name));
  });

  const self = (): Value => {
    if (node.resource_type === 'operation' && node.relation_name === null) return null;
    if (!substitutes) return relationOf(node, quoting);
    if (substitutes.self === undefined) return relationOf(node, quoting);
    noteCte('this');
    return cteRelation(substitutes.self);
  };

  return { ref, source, self };
}
