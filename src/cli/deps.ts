/** `millrace deps`: the packages of a project, and where they are read. */
import { relative } from 'node:path';
import { Command } from 'commander';
import type { App } from './app.ts';
import { printResult } from './print.ts';
import { addPlace, openProject, type ProjectWords } from './project-words.ts';

async function deps(app: App, words: ProjectWords): Promise<void> {
  const { folder, project } = await openProject(app, words, 'deps', 'dev.duckdb');
  const packages = [...project.folders]
    .filter(([, root]) => root !== folder)
    .map(([name, root]) => ({ name, folder: relative(folder, root) }));
  printResult(app, words, { packages }, () =>
    packages.length === 0
      ? 'The project has no packages.\n'
      : packages.map((one) => `${one.name}: read in ${one.folder}\n`).join(''),
  );
}

/** The command. */
export const depsCommand = (app: () => App): Command =>
  addPlace(new Command('deps').description("tell where a project's packages are read"))
    .addHelpText(
      'after',
      `
Nothing is fetched: packages that packages.yml names with local: are read where they lie, others from dbt_packages.

Example:
  millrace deps --project-dir ./jaffle`,
    )
    .action((words: ProjectWords) => deps(app(), words));
