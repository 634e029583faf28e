/** Writes artifacts into a project's target folder: each whole or not at all. */
import { accessSync, constants, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { makeFolder } from '../../kernel/folders.ts';
import type { Manifest } from '../manifest/types.ts';
import { readTextIfThere } from '../parse/files.ts';
import { isMap } from '../parse/json.ts';
import { type CompiledSql, compiledPath } from './manifest.ts';

/** The artifacts by their files' names. */
export type ArtifactName = 'manifest.json' | 'run_results.json' | 'catalog.json' | 'sources.json' | 'lineage.json';

function writeWhole(path: string, text: string): void {
  makeFolder(dirname(path));
  const draft = `${path}.draft`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/** Makes the folder of the artifacts, so that nothing is built whose results could not be told. Errors: MR-DSK-002. */
export function prepareTarget(targetFolder: string): void {
  makeFolder(targetFolder);
  // With a separator at its end a path cannot be that of a file.
  accessSync(`${targetFolder}${sep}`, constants.W_OK);
}

/** Writes an artifact; a reader sees the former one or this one. */
export const writeArtifact = (targetFolder: string, name: ArtifactName, artifact: unknown): void =>
  writeWhole(join(targetFolder, name), `${JSON.stringify(artifact)}\n`);

/** Whether a file has this text. */
function hasText(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

/** Writes what templates came to below target/compiled. What stands there already is left: writing waits for the disk. */
export function writeCompiled(targetFolder: string, manifest: Manifest, compiled: readonly CompiledSql[]): void {
  for (const { unique_id, compiled_code } of compiled) {
    const node = manifest.nodes[unique_id];
    if (!node || compiled_code === null) continue;
    const path = join(targetFolder, 'compiled', compiledPath(node));
    if (hasText(path, compiled_code)) continue;
    makeFolder(dirname(path));
    writeFileSync(path, compiled_code);
  }
}

/** What is read of artifacts, and must be there. */
const parts: Readonly<Partial<Record<ArtifactName, readonly string[]>>> = {
  'manifest.json': ['nodes', 'sources', 'macros', 'exposures', 'metrics', 'groups', 'unit_tests'],
  'run_results.json': ['metadata', 'results', 'args'],
  'sources.json': ['results'],
};

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new MillraceError('MR-TRF-210', { path, problem: problemOf(thrown) }, thrown);
  }
}

/** An artifact of an earlier run, as JSON; undefined when there is none. Errors: MR-TRF-210 where it is something else. */
export function readArtifact<Artifact>(targetFolder: string, name: ArtifactName): Artifact | undefined {
  const path = join(targetFolder, name);
  const text = readTextIfThere(targetFolder, name);
  if (text === undefined) return undefined;
  const artifact = parsed(path, text);
  const has = (part: string): boolean => {
    const value = isMap(artifact) ? artifact[part] : undefined;
    return part === 'results' ? Array.isArray(value) : isMap(value);
  };
  const missing = (parts[name] ?? []).find((part) => !has(part));
  if (missing !== undefined) throw new MillraceError('MR-TRF-210', { path, problem: `it has no ${missing}` });
  return artifact as Artifact;
}
