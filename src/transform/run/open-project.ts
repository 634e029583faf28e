/** Opens a project for running: reads its folder, and puts beside the manifest what rendering needs. */
import { type BaseSettings, baseContext } from '../context/base-context.ts';
import { quotePolicy } from '../context/node-relations.ts';
import type { RunBase, RunProject } from '../context/run-project.ts';
import type { JsonMap } from '../manifest/types.ts';
import { adviceOn } from '../parse/advice.ts';
import { dbtVersion } from '../parse/definition.ts';
import { readProject } from '../parse/project.ts';

/** What a project is opened with. */
export interface OpenSettings extends Omit<BaseSettings, 'quoting' | 'dbtVersion'> {
  /** From --vars; they win over those of the project. */
  readonly vars: JsonMap;
  readonly env: (name: string) => string | undefined;
  /** Where what was read is kept for the next time; null keeps nothing. */
  readonly cacheFolder: string | null;
}

/** A project, and what every run of it is given. */
export interface OpenProject {
  readonly project: RunProject;
  readonly base: RunBase;
  /** The project's own folder for artifacts, below its folder. */
  readonly targetPath: string;
  /** What authors should know of their files. */
  readonly warnings: readonly string[];
}

/** Reads the project in `folder`. Errors: those of readProject, each with the author's file and line. */
export async function openProject(folder: string, settings: OpenSettings): Promise<OpenProject> {
  const { target, vars, env, cacheFolder, ...others } = settings;
  const base: RunBase = { ...others, dbtVersion };
  const common = baseContext({ ...base, target, quoting: quotePolicy(null) });
  const { clock, invocationId } = base;
  const read = await readProject(folder, { vars, env, target, clock, invocationId, cacheFolder, common });
  const [root] = read.packages;
  const ofProject = Object.entries(root?.flags ?? {}).map(([name, value]) => [name.toUpperCase(), value] as const);
  const project: RunProject = {
    manifest: read.manifest,
    macros: read.macros,
    folders: new Map(read.packages.map((one) => [one.name, one.root])),
    target,
    vars: read.vars,
    env,
    quoting: quotePolicy(root?.quoting ?? null),
  };
  const flags = { ...Object.fromEntries(ofProject), ...base.flags };
  const warnings = [...read.warnings, ...adviceOn(read.manifest, clock())];
  return { project, base: { ...base, flags }, targetPath: root?.targetPath ?? 'target', warnings };
}
