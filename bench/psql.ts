/** psql as a reference: whether it is there, and how it is told of a server. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isMissing } from '../src/kernel/errors.ts';

/** Runs a program to its end; gives what it printed. */
export const run = promisify(execFile);

/** Whether psql is in PATH. */
export async function hasPsql(): Promise<boolean> {
  try {
    await run('psql', ['--version']);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

/** The settings with which psql connects to the server of a URL. */
export const connectionOf = (url: string): NodeJS.ProcessEnv => {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  };
};
