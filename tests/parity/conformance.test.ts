/** The engine builds the conformance project as dbt did when its outcome was recorded; Python is not needed for it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder } from '../setup/fixtures.ts';
import { applySql, conformancePackages, conformanceSteps, ownEngine, runSteps } from './conformance-run.ts';
import { copyProject, readJson } from './dbt-runner.ts';
import { type RecordedStep, recordOutcome } from './recorded.ts';

const recorded = readJson<readonly RecordedStep[]>(import.meta.dirname, 'conformance', 'recorded.json');

describe('the conformance project', () => {
  let built: readonly RecordedStep[];

  beforeAll(async () => {
    const project = copyProject('conformance', makeFolder(afterTheLast()), conformancePackages);
    await applySql(project, 'conformance', 'first.sql');
    built = recordOutcome(await runSteps(ownEngine, 'conformance', project, conformanceSteps));
  }, 120_000);

  describe.each(conformanceSteps.map((step, index) => ({ ...step, index })))('$name', ({ index }) => {
    test('ends every node as dbt did', () => {
      expect(built[index]?.statuses).toEqual(recorded[index]?.statuses);
    });

    test('leaves the relations that dbt left', () => {
      expect(built[index]?.relations).toEqual(recorded[index]?.relations);
    });
  });
});
