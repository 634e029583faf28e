/** Compiles nodes: their templates rendered, and the ephemeral models that they read put in as CTEs. */
import { type NodeContext, nodeContext } from '../context/run-context.ts';
import type { NodeSettings, RunShared } from '../context/run-settings.ts';
import type { Session } from '../context/session.ts';
import { JinjaError } from '../jinja/errors.ts';
import { str, toPython, type Value } from '../jinja/values.ts';
import type { ManifestNode } from '../manifest/types.ts';

/** A CTE that is put before a node's SQL. */
export interface Cte {
  readonly name: string;
  readonly sql: string;
}

/** A node's SQL. */
export interface Compiled {
  /** With the CTEs. */
  readonly sql: string;
  /** As the template gave it. */
  readonly own: string;
  readonly ctes: readonly Cte[];
}

/** White space and comments, from the start of a text. */
const blank = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;

/** Puts CTEs before the statement, or among those that it begins with. Lines of the statement stay whole. */
export function withCtes(sql: string, ctes: readonly Cte[]): string {
  if (ctes.length === 0) return sql;
  const list = ctes.map(({ name, sql: body }) => `${name} as (\n${body}\n)`).join(', ');
  const start = blank.exec(sql)?.[0].length ?? 0;
  const [before, rest] = [sql.slice(0, start), sql.slice(start)];
  const [opening] = /^with\s+(?:recursive\s+)?/i.exec(rest) ?? [];
  return opening === undefined
    ? `${before}with ${list}\n${rest}`
    : `${before}${opening.trim()} ${list}, ${rest.slice(opening.length)}`;
}

/** Adds CTEs that are not there yet. */
const joined = (lists: readonly (readonly Cte[])[]): readonly Cte[] => [
  ...new Map(lists.flat().map((cte) => [cte.name, cte])).values(),
];

const cteName = (name: string): string => `__dbt__cte__${name}`;

const testBlock = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/s;

/** The arguments of a generic test: texts that look like calls, and templates, become their values. */
async function testArguments(context: NodeContext, node: ManifestNode): Promise<Value> {
  const convert = async (value: Value, key: string): Promise<Value> => {
    if (typeof value === 'string') {
      if (key === 'column_name') return value;
      const template = testBlock.test(value) ? `{{ ${value} }}` : value;
      return /\{[{%#]/.test(template) ? context.renderNative(template, node.original_file_path) : value;
    }
    if (Array.isArray(value)) return Promise.all(value.map((item) => convert(item, '')));
    if (!(value instanceof Map)) return value;
    for (const [name, item] of value) value.set(name, await convert(item, key === '' ? str(name) : ''));
    return value;
  };
  const given = toPython(node.test_metadata?.kwargs ?? {});
  if (!(given instanceof Map)) return given;
  for (const [name, item] of given) given.set(name, await convert(item, str(name)));
  return given;
}

/** A renderer of nodes that keeps the ephemeral ones it has rendered. */
export class Compiler {
  readonly #shared: RunShared;
  readonly #ephemeral = new Map<string, Promise<Compiled>>();

  constructor(shared: RunShared) {
    this.#shared = shared;
  }

  /** Errors: JinjaError, with file and line. */
  async compile(settings: NodeSettings): Promise<Compiled> {
    const { node } = settings;
    const context = nodeContext(this.#shared, settings);
    const kwargs = node.test_metadata ? await testArguments(context, node) : undefined;
    const rendering =
      kwargs === undefined
        ? context
        : nodeContext(this.#shared, {
            ...settings,
            extra: new Map([...(settings.extra ?? []), ['_dbt_generic_test_kwargs', kwargs]]),
          });
    const own = await rendering.render(node.raw_code, node.original_file_path);
    const ids = [...new Set([...context.ctes, ...rendering.ctes])];
    const ctes = await this.#ctesOf(ids, settings);
    return { own, ctes, sql: withCtes(own, ctes) };
  }

  async #ctesOf(ids: readonly string[], { session, batch }: NodeSettings): Promise<readonly Cte[]> {
    const lists: (readonly Cte[])[] = [];
    for (const id of ids) {
      const node = this.#shared.project.manifest.nodes[id];
      if (!node) throw new JinjaError('HostError', `${id} is not in the manifest`);
      const compiled = await this.#compileEphemeral(node, session, batch);
      lists.push([...compiled.ctes, { name: cteName(node.alias), sql: compiled.own }]);
    }
    return joined(lists);
  }

  #compileEphemeral(node: ManifestNode, session: Session, batch: NodeSettings['batch']): Promise<Compiled> {
    if (batch) return this.compile({ node, session, batch });
    const known = this.#ephemeral.get(node.unique_id) ?? this.compile({ node, session });
    this.#ephemeral.set(node.unique_id, known);
    return known;
  }
}
