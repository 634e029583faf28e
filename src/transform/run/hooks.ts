/** The hooks of a project: statements before the first node and after the last. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { nodeContext } from '../context/run-context.ts';
import { Session } from '../context/session.ts';
import { toPython, type Value } from '../jinja/values.ts';
import type { Manifest, ManifestNode } from '../manifest/types.ts';
import { endedResult, type Outcome, Stopwatch, skippedResult } from './node-result.ts';
import { attempt, type RunContext } from './node-run.ts';
import type { NodeResult } from './results.ts';
import type { Worker } from './workers.ts';

export type HookKind = 'on-run-start' | 'on-run-end';

/** The hooks of a kind: those of packages first, in their order, then the project's own. */
export function hooksOf(manifest: Manifest, kind: HookKind): readonly ManifestNode[] {
  const own = manifest.metadata.project_name;
  const rank = (node: ManifestNode): number => (node.package_name === own ? 1 : 0);
  return Object.values(manifest.nodes)
    .filter((node) => node.resource_type === 'operation' && node.tags.includes(kind))
    .sort((one, other) => rank(one) - rank(other) || (one.index ?? 0) - (other.index ?? 0));
}

const entryOf = ({ nodes, sources, unit_tests, exposures, saved_queries }: Manifest, id: string) =>
  nodes[id] ?? sources[id] ?? unit_tests[id] ?? exposures[id] ?? saved_queries[id];

/** What hooks at the end of a run see of it. */
export function endNames(manifest: Manifest, results: readonly NodeResult[]): ReadonlyMap<string, Value> {
  const nodes = results.flatMap((result) => {
    const node = manifest.nodes[result.unique_id];
    const made = !['error', 'fail', 'skipped'].includes(result.status);
    return node && made && node.resource_type !== 'operation' && node.relation_name !== null ? [node] : [];
  });
  const schemas = [...new Set(nodes.map(({ schema }) => schema))];
  const places = [
    ...new Map(nodes.map(({ database, schema }) => [`${database}.${schema}`, [database, schema]])).values(),
  ];
  const described = results
    .filter(({ resource_type: type, status }) => type !== 'operation' || status === 'error')
    .map((result) => ({
      ...result,
      node: entryOf(manifest, result.unique_id) ?? null,
    }));
  return new Map<string, Value>([
    ['schemas', schemas],
    ['database_schemas', toPython(places)],
    ['results', toPython(described as unknown as JsonValue)],
  ]);
}

async function runHook(
  context: RunContext,
  node: ManifestNode,
  worker: Worker,
  extra: ReadonlyMap<string, Value>,
): Promise<NodeResult> {
  const watch = new Stopwatch(context.clock);
  const session = new Session(worker.duckdb, false, context.signal);
  let sql: string | undefined;
  const outcome = await attempt(
    context,
    session,
    async (): Promise<Outcome> => {
      const rendering = nodeContext(context.shared, { node, session, extra });
      const rendered = await watch.step('compile', () => rendering.render(node.raw_code, node.original_file_path));
      sql = rendered;
      await watch.step('execute', () => session.execute(rendered));
      return { status: 'success', message: 'OK', response: { _message: 'OK' } };
    },
    () => ({ path: node.original_file_path, template: node.raw_code, compiled: sql ?? node.raw_code }),
  );
  return { ...endedResult({ node, outcome, watch, worker, sql }), materialized: 'operation', relation_name: null };
}

/** Runs hooks one after another; after one that fails, the others are skipped. */
export async function runHooks(
  context: RunContext,
  hooks: readonly ManifestNode[],
  worker: Worker,
  extra: ReadonlyMap<string, Value> = new Map(),
): Promise<readonly NodeResult[]> {
  const results: NodeResult[] = [];
  for (const hook of hooks) {
    const failed = results.find(({ status }) => status === 'error');
    results.push(
      failed ? skippedResult(hook, 'operation', `${failed.name} failed`) : await runHook(context, hook, worker, extra),
    );
  }
  return results;
}
