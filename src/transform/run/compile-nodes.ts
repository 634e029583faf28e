/** Compiles nodes without running them: what `compile` and `show` print. */
import { Session } from '../context/session.ts';
import { templateError } from '../parse/workspace.ts';
import { prepareRun, type RunRequest } from './run.ts';

/** The SQL of a node, its ephemeral models put in. */
export interface CompiledNode {
  readonly unique_id: string;
  readonly name: string;
  readonly sql: string;
}

/**
 * Compiles the selected models, tests, snapshots and analyses, in the order given; nothing is built, but templates may ask
 * the database. Errors: MR-TRF-111 where a template fails.
 */
export async function compileNodes(request: RunRequest): Promise<readonly CompiledNode[]> {
  const { project, duckdb, selected, signal } = request;
  const context = await prepareRun(request, new Map());
  const compiled: CompiledNode[] = [];
  for (const id of selected) {
    const node = project.manifest.nodes[id];
    if (!node || !['model', 'test', 'snapshot', 'analysis'].includes(node.resource_type)) continue;
    try {
      const { sql } = await context.compiler.compile({ node, session: new Session(duckdb, false, signal) });
      compiled.push({ unique_id: id, name: node.name, sql });
    } catch (thrown) {
      throw templateError(thrown, node.original_file_path);
    }
  }
  return compiled;
}
