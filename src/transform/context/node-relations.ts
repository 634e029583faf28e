/** The relations of a manifest's nodes and sources. */
import type { JsonMap, ManifestNode, ManifestSource } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';
import { type Policy, Relation } from './relation.ts';

/** How a project or source asks for names to be quoted; what it leaves open is quoted. */
export function quotePolicy(quoting: JsonMap | null, otherwise?: Policy): Policy {
  const part = (name: keyof Policy): boolean => {
    const asked = quoting?.[name];
    return typeof asked === 'boolean' ? asked : (otherwise?.[name] ?? true);
  };
  return { database: part('database'), schema: part('schema'), identifier: part('identifier') };
}

export const relationOf = (node: Pick<ManifestNode, 'database' | 'schema' | 'alias'>, quote: Policy): Relation =>
  new Relation({ database: node.database, schema: node.schema, identifier: node.alias, quote });

/** The relation of a CTE that stands for an ephemeral node or for given rows. */
export const cteRelation = (name: string): Relation =>
  new Relation({
    identifier: `__dbt__cte__${name}`,
    type: 'cte',
    quote: { database: true, schema: true, identifier: false },
  });

/** A source may stand for a file or a function call, named by `external_location`, with {name} and the like filled in. */
function externalLocation(source: ManifestSource): string | null {
  const settings: JsonMap = {
    ...source.source_meta,
    ...source.meta,
    ...(isMap(source.config.meta) ? source.config.meta : {}),
    ...source.config,
    name: source.name,
    identifier: source.identifier,
    schema: source.schema,
    database: source.database,
  };
  const template = settings.external_location;
  if (typeof template !== 'string') return null;
  const filled = template.replaceAll(/\{(\w+)\}/g, (whole, key: string) => String(settings[key] ?? whole));
  return filled.includes('(') || filled.startsWith("'") ? filled : `'${filled}'`;
}

export const sourceRelation = (source: ManifestSource): Relation =>
  new Relation({
    database: source.database,
    schema: source.schema,
    identifier: source.identifier,
    external: externalLocation(source),
    quote: quotePolicy(source.quoting),
  });
