/** Every mistake that an author of a dbt project makes has a message of its own, with the line of the author's file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCatalogue, MillraceError } from '../../src/kernel/errors.ts';
import { readFixture } from '../setup/dbt-projects.ts';

const folder = join(import.meta.dirname, 'transform-errors');

/** No folder of a repository can hold a file that cannot be read. */
const unreadable = 'MR-TRF-127';

/** What an author is told: the error, or the warnings. */
async function toldOf(project: string): Promise<string> {
  try {
    const { warnings } = await readFixture(project);
    return warnings.map((warning) => `warning: ${warning}\n`).join('');
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown;
    return `${thrown.code}\n${thrown.message}\n${thrown.remedy}\n`.replaceAll(project, 'PROJECT');
  }
}

describe('a project with a mistake', () => {
  test.each(readdirSync(folder))('%s', async (name) => {
    await expect(await toldOf(join(folder, name, 'project'))).toMatchFileSnapshot(join(folder, name, 'expected.txt'));
  });

  test('has a folder here for each error of parsing', () => {
    const told = readdirSync(folder).map(
      (name) => readFileSync(join(folder, name, 'expected.txt'), 'utf8').split('\n', 1)[0],
    );
    const codes = Object.keys(errorCatalogue).filter((code) => /^MR-TRF-1\d\d$/.test(code) && code !== unreadable);
    expect(codes.filter((code) => !told.includes(code))).toEqual([]);
  });
});
