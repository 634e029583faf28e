/** Runs dbt on copies of a project, several times in one Python process. */
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a run of dbt came to. */
export interface DbtOutcome {
  readonly success: boolean;
  readonly problem: string | null;
  /** What `list` found, else null. */
  readonly lines: readonly string[] | null;
}

/** A copy of a project with what it needs to run. */
export interface ProjectCopy {
  readonly folder: string;
  /** The DuckDB file that it builds in. */
  readonly file: string;
  /** Where manifest.json and the like go. */
  readonly target: string;
}

/** Copies the project below tests/parity with its packages, installed as folders under dbt_packages. */
export function copyProject(name: string, folder: string, packages: Readonly<Record<string, string>>): ProjectCopy {
  const source = join(import.meta.dirname, name, 'project');
  cpSync(source, join(folder, 'project'), { recursive: true });
  for (const [folderName, path] of Object.entries(packages)) {
    cpSync(path, join(folder, 'project', 'dbt_packages', folderName), { recursive: true });
  }
  return {
    folder: join(folder, 'project'),
    file: join(folder, 'database', `${name}.duckdb`),
    target: join(folder, 'target'),
  };
}

const marker = 'OUTCOME ';

/** Runs dbt with each of the lists of words, one after the other. */
export async function runDbt(
  program: string,
  project: ProjectCopy,
  invocations: readonly (readonly string[])[],
): Promise<readonly DbtOutcome[]> {
  mkdirSync(dirname(project.file), { recursive: true });
  const child = spawn(join(dirname(program), 'python'), [join(import.meta.dirname, 'run_dbt.py')], {
    cwd: project.folder,
    env: {
      PATH: process.env.PATH,
      HOME: dirname(project.folder),
      DBT_DUCKDB_FILE: project.file,
      DBT_PROJECT_DIR: project.folder,
      DBT_PROFILES_DIR: project.folder,
      DBT_TARGET_PATH: project.target,
      DBT_LOG_PATH: join(dirname(project.folder), 'logs'),
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      DBT_USE_COLORS: 'false',
      DBT_LOG_LEVEL_FILE: 'none',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  child.stdin.end(JSON.stringify(invocations));
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  const outcomes = output.split('\n').filter((line) => line.startsWith(marker));
  if (outcomes.length !== invocations.length) throw new Error(`dbt ended early:\n${(output + errors).slice(-4000)}`);
  return outcomes.map((line) => JSON.parse(line.slice(marker.length)));
}

const releasedUtils = 'https://codeload.github.com/dbt-labs/dbt-utils/tar.gz/refs/tags/1.4.1';

/**
 * The folder of dbt_utils: that of TEST_DBT_UTILS, or its release, downloaded into `cache`.
 * Undefined with the reason on the way where neither can be had.
 */
export async function findDbtUtils(cache: string): Promise<{ readonly path: string } | { readonly problem: string }> {
  const named = process.env.TEST_DBT_UTILS;
  if (named)
    return existsSync(join(named, 'dbt_project.yml')) ? { path: named } : { problem: `${named} is no package` };
  const path = join(cache, 'dbt_utils-1.4.1');
  if (existsSync(join(path, 'dbt_project.yml'))) return { path };
  mkdirSync(path, { recursive: true });
  try {
    const archive = join(cache, 'dbt_utils-1.4.1.tar.gz');
    await run('curl', [
      '--fail',
      '--silent',
      '--show-error',
      '--location',
      '--max-time',
      '60',
      '-o',
      archive,
      releasedUtils,
    ]);
    await run('tar', ['-xzf', archive, '-C', path, '--strip-components=1']);
    return { path };
  } catch (thrown) {
    return { problem: `dbt_utils cannot be downloaded: ${(thrown as Error).message.split('\n')[0]}` };
  }
}

/** A JSON file of an artifact folder. */
export const readJson = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;
