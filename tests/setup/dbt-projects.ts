/** dbt projects of tests, read as the command line reads them. */
import { baseContext } from '../../src/transform/context/base-context.ts';
import { dbtVersion } from '../../src/transform/parse/definition.ts';
import { type ReadProject, type ReadSettings, readProject } from '../../src/transform/parse/project.ts';

const moment = new Date('2026-06-30T12:00:00Z');
const target = { name: 'dev', schema: 'main', database: 'shop', threads: 1 };

/** Reads a project with an empty environment at one moment; settings replace what is given. */
export function readFixture(folder: string, settings: Partial<ReadSettings> = {}): Promise<ReadProject> {
  const common = baseContext({
    target: { ...(settings.target ?? target), profile_name: 'shop' },
    flags: {},
    clock: () => moment,
    startedAt: moment,
    invocationId: 'a-test',
    dbtVersion,
    quoting: { database: true, schema: true, identifier: true },
    log: () => {},
    warn: () => {},
  });
  return readProject(folder, {
    vars: {},
    env: () => undefined,
    target,
    clock: () => moment,
    invocationId: 'a-test',
    cacheFolder: null,
    common,
    ...settings,
  });
}
