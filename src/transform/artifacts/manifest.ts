/** manifest.json (schema version 12) of a project that was read, with the SQL that a command made of its templates. */
import { basename, isAbsolute, join, relative } from 'node:path';
import type { Manifest, ManifestNode } from '../manifest/types.ts';

/** What a node's template came to. */
export interface CompiledSql {
  readonly unique_id: string;
  /** Null where there is none. */
  readonly compiled_code: string | null;
}

/** Where compiled SQL stands: absolute paths. */
export interface ArtifactPlace {
  /** The project's folder. */
  readonly folder: string;
  readonly targetFolder: string;
}

/**
 * Where a node's compiled SQL stands below target/compiled: as the author's file does, and of what has a file in common
 * with others in a folder that is named as the file.
 */
export const compiledPath = ({ package_name, original_file_path, path }: ManifestNode): string =>
  basename(path) === basename(original_file_path)
    ? join(package_name, original_file_path)
    : join(package_name, original_file_path, path);

/** Below the project as a path from there, so that a project may be moved with its artifacts. */
function shownPath({ folder, targetFolder }: ArtifactPlace, node: ManifestNode): string {
  const path = join(targetFolder, 'compiled', compiledPath(node));
  const within = relative(folder, path);
  return within.startsWith('..') || isAbsolute(within) ? path : within;
}

const withCompiled = (node: ManifestNode, sql: string, place: ArtifactPlace) => ({
  ...node,
  compiled: true,
  compiled_code: sql,
  compiled_path: shownPath(place, node),
  extra_ctes_injected: true,
  extra_ctes: [],
});

/** A seed has no template, and so nothing that a template asks for. */
function seedEntry(seed: ManifestNode) {
  const { language: _language, refs: _refs, sources: _sources, metrics: _metrics, ...rest } = seed;
  const { contract: _contract, ...entry } = rest;
  return { ...entry, depends_on: { macros: seed.depends_on.macros } };
}

function nodeEntry({ root_path, ...node }: ManifestNode, sql: string | undefined, place: ArtifactPlace) {
  if (node.resource_type === 'seed') return seedEntry({ ...node, root_path: root_path ?? null });
  return sql === undefined ? node : withCompiled(node, sql, place);
}

/** manifest.json. What was not compiled has no compiled SQL in it. */
export function manifestArtifact(manifest: Manifest, compiled: readonly CompiledSql[], place: ArtifactPlace) {
  const sql = new Map(compiled.map(({ unique_id, compiled_code }) => [unique_id, compiled_code ?? undefined]));
  const nodes = Object.values(manifest.nodes).map((node) => [
    node.unique_id,
    nodeEntry(node, sql.get(node.unique_id), place),
  ]);
  const disabled = Object.entries(manifest.disabled).map(([id, entries]) => [
    id,
    entries.map((entry) => (id.startsWith('seed.') ? seedEntry(entry as ManifestNode) : entry)),
  ]);
  return { ...manifest, nodes: Object.fromEntries(nodes), disabled: Object.fromEntries(disabled) };
}
