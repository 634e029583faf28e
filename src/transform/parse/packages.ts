/** The packages of a project: those in dbt_packages/, and local ones where they lie. */
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isMissing, MillraceError } from '../../kernel/errors.ts';
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';
import { type ProjectDefinition, type RenderValue, readDefinition } from './definition.ts';
import { readTextIfThere } from './files.ts';
import { asList, asMap, isMap, textOr } from './json.ts';
import { cachedYaml, type YamlCache } from './yaml.ts';

/** Makes the renderer of a file of a package. */
type RendererOf = (packageName: string, path: string) => RenderValue;

/** The packages that packages.yml or dependencies.yml names. */
function listedPackages(root: string, cache: YamlCache): readonly JsonMap[] {
  return ['packages.yml', 'dependencies.yml'].flatMap((path) => {
    const text = readTextIfThere(root, path);
    const value: JsonValue = text === undefined ? null : cachedYaml(cache, path, text).value;
    return asList(asMap(value).packages).filter(isMap);
  });
}

function installedFolders(root: string, packagesPath: string): readonly string[] {
  const folder = resolve(root, packagesPath);
  try {
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => readTextIfThere(path, 'dbt_project.yml') !== undefined)
      .sort();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

const simplified = (name: string): string =>
  basename(name)
    .replace(/\.git$/, '')
    .replaceAll('-', '_')
    .toLowerCase();

/** What a package is called that is fetched from elsewhere. */
const nameOfListed = (entry: JsonMap): string =>
  textOr(entry.package ?? entry.name ?? entry.git ?? entry.tarball ?? entry.private, 'a package');

/** Refuses a project whose packages were not put in place. */
function refuseMissing(root: ProjectDefinition, listed: readonly JsonMap[], found: readonly ProjectDefinition[]): void {
  const fetched = listed.filter((entry) => entry.local === undefined);
  const names = found.map((one) => one.name.toLowerCase());
  const absent = fetched.filter((entry) => !names.includes(simplified(nameOfListed(entry))));
  const [first] = absent;
  if (!first || found.length >= listed.length) return;
  throw new MillraceError('MR-TRF-118', {
    package: nameOfListed(first),
    problem: 'packages.yml names it',
    folder: root.packagesPath,
  });
}

/**
 * Reads a project and its packages, the project first. Local packages are read where they lie unless dbt_packages/ has them.
 * Errors: MR-TRF-118 for a package that is not there, and those of readDefinition().
 */
export async function readPackages(
  folder: string,
  rendererOf: RendererOf,
  cache: YamlCache,
): Promise<readonly [ProjectDefinition, ...ProjectDefinition[]]> {
  const root = await readDefinition(folder, 'dbt_project.yml', rendererOf('', 'dbt_project.yml'), cache);
  const found = new Map<string, ProjectDefinition>();
  const take = async (path: string, label: string): Promise<ProjectDefinition> => {
    const definition = await readDefinition(path, label, rendererOf('', label), cache);
    if (!found.has(definition.name) && definition.name !== root.name) found.set(definition.name, definition);
    return definition;
  };
  for (const path of installedFolders(folder, root.packagesPath)) {
    await take(path, `${root.packagesPath}/${basename(path)}/dbt_project.yml`);
  }
  const followed = new Set<string>();
  const follow = async (from: string): Promise<void> => {
    if (followed.has(from)) return;
    followed.add(from);
    for (const entry of listedPackages(from, cache)) {
      if (typeof entry.local !== 'string') continue;
      const path = resolve(from, entry.local);
      if (readTextIfThere(path, 'dbt_project.yml') === undefined) {
        throw new MillraceError('MR-TRF-118', {
          package: entry.local,
          problem: 'packages.yml names it, and there is no dbt_project.yml',
          folder: root.packagesPath,
        });
      }
      await take(path, `${entry.local}/dbt_project.yml`);
      await follow(path);
    }
  };
  await follow(folder);
  refuseMissing(root, listedPackages(folder, cache), [...found.values()]);
  return [root, ...found.values()];
}
