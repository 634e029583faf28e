/** Opens the dbt project of a folder in a process of its own and prints the seconds that it took: `node parse-project.ts FOLDER TARGET`. */
import { openSession } from '../src/transform/session.ts';
import { secondsOf } from './measure.ts';

const [folder = '', targetFolder = ''] = process.argv.slice(2);

const seconds = await secondsOf(() =>
  openSession({
    folder,
    target: { name: 'dev', database: 'bench', schema: 'main', threads: 1 },
    vars: {},
    env: () => undefined,
    flags: {},
    args: { which: 'list' },
    clock: () => new Date(),
    invocationId: 'bench',
    targetFolder,
    log: () => undefined,
    warn: () => undefined,
  }),
);
process.stdout.write(String(seconds));
