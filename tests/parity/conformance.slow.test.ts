/** dbt and the project's own engine build the conformance projects on copies of one database, and come to the same. */
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, root } from '../setup/fixtures.ts';
import { findTool, whyLeftOut } from '../setup/tools.ts';
import {
  applySql,
  commandLineEngine,
  conformancePackages,
  conformanceSteps,
  dbtEngine,
  type ProjectOutcome,
  retryStep,
  runSteps,
  type Step,
  utilitySteps,
} from './conformance-run.ts';
import { copyProject, findDbtUtils, type ProjectCopy } from './dbt-runner.ts';
import { describeManifest } from './outcome.ts';
import { recordOutcome } from './recorded.ts';

const dbt = findTool('dbt');

interface ProjectRun {
  readonly name: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** Both engines over copies of the project; the first state of the database is made once, for it tells times from now. */
async function runBoth({ name, packages, steps }: ProjectRun) {
  const folder = makeFolder(afterTheLast());
  const projects = ['dbt', 'own'].map((engine) => copyProject(name, join(folder, engine), packages));
  const outcomes: ProjectOutcome[] = [];
  const [first] = projects;
  if (!first) throw new Error('no project');
  await applySql(first, name, 'first.sql');
  for (const project of projects.slice(1)) cpSync(dirname(first.file), dirname(project.file), { recursive: true });

  for (const [index, engine] of [dbtEngine(dbt ?? ''), commandLineEngine].entries()) {
    outcomes.push(await runSteps(engine, name, projects[index] as ProjectCopy, steps));
  }
  return { dbtOutcome: outcomes[0] as ProjectOutcome, ownOutcome: outcomes[1] as ProjectOutcome };
}

/** The tests of one project: manifest, then each step's statuses and relations. Gives what will have been built by then. */
function describeProject(project: ProjectRun): () => Awaited<ReturnType<typeof runBoth>> {
  let both: Awaited<ReturnType<typeof runBoth>>;

  beforeAll(async () => {
    both = await runBoth(project);
  }, 900_000);

  test.each(['nodes', 'macros', 'parents', 'others'] as const)('%s of the manifest', (part) => {
    const [own, reference] = [both.ownOutcome, both.dbtOutcome].map(({ manifest }) => describeManifest(manifest)[part]);
    expect(own).toEqual(reference);
  });

  describe.each(project.steps.map((step, index) => ({ ...step, index })))('$name', ({ index }) => {
    test('ends every node as dbt does', () => {
      expect(both.ownOutcome.steps[index]?.statuses).toEqual(both.dbtOutcome.steps[index]?.statuses);
    });

    test('leaves the relations that dbt leaves', () => {
      const [own, reference] = [both.ownOutcome, both.dbtOutcome].map(({ steps }) => steps[index]?.database ?? {});
      expect(Object.keys(own ?? {})).toEqual(Object.keys(reference ?? {}));
      for (const [name, relation] of Object.entries(reference ?? {})) {
        expect.soft({ name, ...own?.[name] }).toEqual({ name, ...relation });
      }
    });
  });

  return () => both;
}

describe.skipIf(!dbt)(`the conformance project${whyLeftOut('dbt', dbt)}`, () => {
  const steps = [...conformanceSteps, retryStep];
  const outcomes = describeProject({ name: 'conformance', packages: conformancePackages, steps });

  /** Written anew by `SLOW=1 vitest run tests/parity/conformance.slow.test.ts -u`. */
  test('what dbt made of it is what is recorded', async () => {
    const recorded = `${JSON.stringify(recordOutcome(outcomes().dbtOutcome).slice(0, conformanceSteps.length), null, 2)}\n`;
    await expect(recorded).toMatchFileSnapshot(join(import.meta.dirname, 'conformance', 'recorded.json'));
  });
});

const utils = dbt ? await findDbtUtils(join(root, '.cache')) : { problem: 'it is used with dbt' };
const noUtils = 'problem' in utils ? ` (${utils.problem})` : '';

describe.skipIf(!dbt || 'problem' in utils)(`dbt_utils${whyLeftOut('dbt', dbt) || noUtils}`, () => {
  const packages: Record<string, string> = 'path' in utils ? { dbt_utils: utils.path } : {};
  describeProject({ name: 'utilities', packages, steps: utilitySteps });
});
