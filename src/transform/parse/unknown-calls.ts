/** Calls of macros that neither the project nor its packages have. */
import { MillraceError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';
import type { CalledName, StaticUse } from '../jinja/static-use.ts';
import { readText } from './files.ts';
import type { Draft } from './nodes.ts';
import { readTemplate, type Workspace } from './workspace.ts';

/** A name that a template calls, which neither the project nor its packages have. */
interface UnknownCall {
  readonly path: string;
  readonly line: number;
  /** As 'the model orders'. */
  readonly node: string;
}

/** Where a name is called: in the node's own template, or in one of the macros. */
function callOf(workspace: Workspace, name: string, draft: Draft, uses: StaticUse): UnknownCall {
  const matches = (call: CalledName): boolean => [call.package, call.name].filter(Boolean).join('.') === name;
  const own = uses.calledNames.find(matches);
  const node = `the ${draft.kind} ${draft.name}`;
  if (own) return { path: draft.originalPath, line: own.line, node };
  for (const entry of workspace.host.macros.all()) {
    const call = entry.block().uses.calledNames.find(matches);
    if (call) return { path: entry.path, line: call.line, node: `the macro ${entry.name} (called by ${node})` };
  }
  return { path: draft.originalPath, line: 1, node };
}

/** Refuses calls of macros that do not exist. Errors: MR-TRF-112, MR-TRF-118 for a package that is not there. */
export function refuseUnknownCalls(workspace: Workspace, draft: Draft): void {
  const [name] = draft.use.unknownCalls;
  if (name === undefined) return;
  const { macros } = workspace.host;
  const uses = readTemplate(readText(draft.project.root, draft.originalPath), draft.originalPath).uses;
  const call = callOf(workspace, name, draft, uses);
  const [packageName, member] = name.includes('.') ? name.split('.') : [undefined, name];
  if (packageName !== undefined && !macros.hasPackage(packageName)) {
    const problem = `${call.path}:${call.line} calls its macro ${member}`;
    throw new MillraceError('MR-TRF-118', { package: packageName, problem, folder: workspace.root.packagesPath });
  }
  const known = [...macros.all()]
    .filter((entry) => packageName === undefined || entry.packageName === packageName)
    .map((entry) => entry.name);
  // A macro of another package is found by its full name alone.
  const elsewhere = [...macros.all()].find((entry) => entry.name === name);
  const best = elsewhere ? `${elsewhere.packageName}.${name}` : nearest(member ?? name, known);
  throw new MillraceError('MR-TRF-112', { ...call, macro: name, nearest: best });
}
