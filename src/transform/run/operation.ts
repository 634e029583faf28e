/** Runs one macro by itself: an operation, such as a clean-up or a grant. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import { nodeContext } from '../context/run-context.ts';
import { Session } from '../context/session.ts';
import { JinjaError } from '../jinja/errors.ts';
import { toPython, type Value } from '../jinja/values.ts';
import type { JsonMap, ManifestNode } from '../manifest/types.ts';
import type { MacroEntry, Macros } from '../parse/macros.ts';
import type { AskRequest } from './ask.ts';
import { endedResult, type Outcome, Stopwatch } from './node-result.ts';
import { attempt } from './node-run.ts';
import type { NodeResult } from './results.ts';
import { prepareRun } from './run.ts';

/** The macro to run, and what it is given. */
export interface Operation {
  /** NAME, or PACKAGE.NAME. */
  readonly macro: string;
  /** Its arguments, by name. */
  readonly args: JsonMap;
}

/** Errors: MR-TRF-207. */
function findOperation(macros: Macros, name: string): { readonly entry: MacroEntry; readonly packageName: string } {
  const point = name.indexOf('.');
  const packageName = point < 0 ? undefined : name.slice(0, point);
  const macro = name.slice(point + 1);
  const entry =
    packageName === undefined ? macros.find(macro, macros.rootPackage) : macros.inPackage(packageName, macro);
  if (entry) return { entry, packageName: packageName ?? macros.rootPackage };
  const known = [...macros.all()].filter((one) => packageName === undefined || one.packageName === packageName);
  throw new MillraceError('MR-TRF-207', {
    macro,
    place: packageName === undefined ? 'the project or its packages' : `the package ${packageName}`,
    nearest: nearest(
      macro,
      known.map((one) => one.name),
    ),
  });
}

/** The macro as what its templates call the node. */
const nodeOf = ({ id, name, path }: MacroEntry, packageName: string, database: string, schema: string): ManifestNode =>
  ({
    unique_id: id,
    name,
    alias: name,
    resource_type: 'operation',
    package_name: packageName,
    path,
    original_file_path: path,
    database,
    schema,
    relation_name: null,
    tags: [],
    config: { materialized: 'operation' },
    depends_on: { macros: [], nodes: [] },
  }) as unknown as ManifestNode;

const ephemeral = (name: string): JinjaError =>
  new JinjaError('HostError', `an operation cannot read the ephemeral model ${name}`);

/**
 * Runs a macro on the request's connection. What it began and did not commit is rolled back, as its statements say. A macro
 * that fails is a result of status error. Errors: MR-TRF-207 where there is none of the name.
 */
export async function runOperation(request: AskRequest, { macro: name, args }: Operation): Promise<NodeResult> {
  const { macros, manifest, target } = request.project;
  const { entry, packageName } = findOperation(macros, name);
  const context = await prepareRun({ ...request, command: 'compile' }, new Map());
  const watch = new Stopwatch(request.base.clock);
  const session = new Session(request.duckdb, true, request.signal);
  const node = nodeOf(entry, packageName, target.database, target.schema);
  const work = async (): Promise<Outcome> => {
    const refuseEphemeral = (id: string): never => {
      throw ephemeral(manifest.nodes[id]?.name ?? id);
    };
    const rendering = nodeContext(context.shared, { node, session, onCte: refuseEphemeral });
    const bound = entry.block().bind(rendering.scope);
    const given = new Map<string, Value>(Object.entries(args).map(([key, value]) => [key, toPython(value)]));
    await watch.step('execute', async () => bound.call([], given));
    await session.rollback();
    return { status: 'success', message: null };
  };
  const text = { path: entry.path, template: '', compiled: '' };
  const outcome = await attempt(context, session, work, () => text);
  const failures = outcome.status === 'success' ? 0 : 1;
  return endedResult({
    node,
    outcome: { ...outcome, failures },
    watch,
    worker: { name: 'MainThread' },
    sql: undefined,
  });
}
