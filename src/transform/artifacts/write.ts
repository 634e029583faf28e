/** Writes artifacts into a project's target folder: each whole or not at all. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest, ManifestNode } from '../manifest/types.ts';
import type { RunResultEntry } from './run-results.ts';

/** The artifacts by their files' names. */
export type ArtifactName = 'manifest.json' | 'run_results.json' | 'catalog.json' | 'sources.json' | 'lineage.json';

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/** Writes an artifact; a reader sees the former one or this one. */
export const writeArtifact = (targetFolder: string, name: ArtifactName, artifact: unknown): void =>
  writeWhole(join(targetFolder, name), `${JSON.stringify(artifact)}\n`);

/** Where a node's compiled SQL stands below target/compiled: tests of YAML in a folder named as their YAML file. */
export function compiledPath({ package_name, original_file_path, path, test_metadata }: ManifestNode): string {
  return test_metadata ? join(package_name, original_file_path, path) : join(package_name, original_file_path);
}

/** Writes the compiled SQL of what was run below target/compiled. */
export function writeCompiled(targetFolder: string, manifest: Manifest, results: readonly RunResultEntry[]): void {
  for (const { unique_id, compiled_code } of results) {
    const node = manifest.nodes[unique_id];
    if (!node || compiled_code === null) continue;
    const path = join(targetFolder, 'compiled', compiledPath(node));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compiled_code);
  }
}

/** The manifest with what the run made of its templates. */
export function withCompiled(manifest: Manifest, targetFolder: string, results: readonly RunResultEntry[]): Manifest {
  const compiled = results.flatMap(({ unique_id, compiled_code }) => {
    const node = manifest.nodes[unique_id];
    if (!node || compiled_code === null) return [];
    const path = join(targetFolder, 'compiled', compiledPath(node));
    const added = { compiled: true, compiled_code, compiled_path: path, extra_ctes_injected: true, extra_ctes: [] };
    return [[unique_id, { ...node, ...added }] as const];
  });
  return { ...manifest, nodes: { ...manifest.nodes, ...Object.fromEntries(compiled) } };
}

/** An artifact of an earlier run, as JSON; undefined when there is none. */
export function readArtifact<Artifact>(targetFolder: string, name: ArtifactName): Artifact | undefined {
  try {
    return JSON.parse(readFileSync(join(targetFolder, name), 'utf8')) as Artifact;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
