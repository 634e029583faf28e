/** What a template uses: read from its text where that tells, else seen by rendering it with nothing executed. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { noUse, type ParsedNode, parseScope, type TemplateUse } from '../context/parse-context.ts';
import { configOfCall, refOf, sourceOf } from '../context/reference-calls.ts';
import type { Scope } from '../jinja/frame.ts';
import type { StaticUse } from '../jinja/static-use.ts';
import type { RefArgs } from '../manifest/types.ts';
import { mergeCalls } from './config.ts';
import { readTemplate, templateError, type Workspace } from './workspace.ts';

/** A template or the contents of a block. */
export interface Renderable {
  readonly uses: StaticUse;
  render(scope: Scope): Promise<string>;
}

/** Values that the reader of constant calls takes one keyword at a time; others make it render the call as a whole. */
const isSimple = (value: JsonValue): boolean =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'object' && value !== null && Object.values(value).every(isSimple));

/** What constant calls say. */
function staticUse(uses: StaticUse): TemplateUse {
  const use = noUse();
  for (const call of uses.refs) use.refs.push(refOf(call.args, call.kwargs));
  for (const call of uses.sources) use.sources.push(sourceOf(call.args));
  for (const call of uses.configs) {
    const configs = configOfCall(call.args, call.kwargs);
    const steps = Object.values(configs).every(isSimple)
      ? Object.entries(configs).map(([key, value]) => ({ [key]: value }))
      : [configs];
    use.configs = steps.reduce(mergeCalls, use.configs);
  }
  return use;
}

const overridable = ['ref', 'source', 'config'];

/** Whether ref, source and config mean what they always mean. */
const isUsual = (workspace: Workspace, packageName: string): boolean =>
  !overridable.some((name) => workspace.host.macros.find(name, packageName));

/**
 * What a template uses, for a node; `text` is all that the template is made of, and `open` reads it. Errors: MR-TRF-110 and
 * 111 with file and line.
 */
export async function templateUse(
  workspace: Workspace,
  text: string,
  open: () => Renderable,
  node: ParsedNode,
  path: string,
): Promise<TemplateUse> {
  const usual = isUsual(workspace, node.packageName);
  return workspace.cache.use([node.packageName, path, node.identifier, usual], text, async () => {
    try {
      const template = open();
      const isStatic = usual && template.uses.isStatic;
      if (isStatic) return { use: staticUse(template.uses), isStatic };
      const use = noUse();
      await template.render(parseScope(workspace.host, node, use));
      return { use, isStatic };
    } catch (thrown) {
      throw templateError(thrown, path);
    }
  });
}

/** Adds what a hook's SQL uses to what its node uses. */
export async function addHookUse(
  workspace: Workspace,
  sql: string,
  node: ParsedNode,
  path: string,
  use: TemplateUse,
): Promise<void> {
  if (!/\{[{%]/.test(sql)) return;
  try {
    await readTemplate(sql, path).render(parseScope(workspace.host, node, use));
  } catch (thrown) {
    throw templateError(thrown, path);
  }
}

/** The ref() or source() that a text of YAML is, such as `ref('orders')`; undefined for anything else. */
export function referenceOf(
  text: string,
): { readonly ref: RefArgs } | { readonly source: readonly [string, string] } | undefined {
  try {
    const { refs, sources } = readTemplate(`{{ ${text} }}`, '').uses;
    const [ref] = refs;
    const [source] = sources;
    if (ref?.constant) return { ref: refOf(ref.args, ref.kwargs) };
    if (source?.constant) return { source: sourceOf(source.args) };
    return undefined;
  } catch {
    return undefined;
  }
}
