/** The words of the command line: what is wrong with them is told in one line, and help shows how it is done. */
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeHome, runMillrace } from '../../tests/setup/fixtures.ts';
import { parseCount, parseDay, parseNewSource, parsePort, parseSource } from './options.ts';

describe('words', () => {
  const atEnd = afterTheLast();
  let home: Readonly<Record<string, string>>;

  beforeAll(async () => {
    home = await makeHome(atEnd);
  });

  test.each([
    [['frobnicate'], `Unknown command 'frobnicate'.`, 'millrace --help'],
    [['ingest'], 'A command is missing.', 'millrace ingest --help'],
    [['ingest', 'xml'], `Unknown command 'xml'.`, 'millrace ingest --help'],
    [['ingest', 'csv'], '--input is missing.', 'millrace ingest csv --help'],
    [['ingest', 'events', '--fast'], `Unknown option '--fast'.`, 'millrace ingest events --help'],
    [['run', '--fast'], `Unknown option '--fast'. Did you mean --host?`, 'millrace run --help'],
    [
      ['show', 'orders'],
      `Too many arguments for 'show'. Expected 0 arguments but got 1: orders. Models are named with --select.`,
      'millrace show --help',
    ],
    [['run', '--input'], `Option '--input <path>' argument missing.`, 'millrace run --help'],
    [
      ['run', '--preset', 'online-retail'],
      '--preset says how to load files, but --input names none.',
      'millrace run --help',
    ],
    [['run', '--input', '.', '--as-of', '2024-02-30'], 'Give a day as YYYY-MM-DD.', 'millrace run --help'],
    [['run', '--input', '.', '--source', 'My Shop'], 'Give a name of lower-case letters', 'millrace run --help'],
    [['serve', '--port', '70000'], 'Give a port from 0 to 65535.', 'millrace serve --help'],
    [['query'], `Missing required argument 'sql'.`, 'millrace query --help'],
    [['report'], `Missing required argument 'name'.`, 'millrace report --help'],
    [['report', 'pareto', '--from', 'May'], 'Give a day as YYYY-MM-DD.', 'millrace report --help'],
    [['report', 'pareto', '--limit', '0'], 'Give a number of rows of at least 1, or all.', 'millrace report --help'],
    [['report', 'list', '--from', '2024-01-01'], 'list only names the reports', 'millrace report --help'],
    [['reset'], 'Nobody is there to ask', 'millrace reset --help'],
  ])('%j are told of', async (words, problem, help) => {
    const { stderr, ...ended } = await runMillrace(words, home);
    expect(ended).toEqual({ code: 2, signal: null, stdout: '' });
    const [message, remedy] = stderr.trimEnd().split('\n');
    expect(message).toMatch(/^MR-CLI-001: /);
    expect(message).toContain(problem);
    expect(remedy).toBe(`See \`${help}\`.`);
  });

  test.each([
    [['run', '--json', '--input'], `Option '--input <path>' argument missing.`],
    [['query', 'SELECT 1', '--csv', '--json'], `Option '--json' cannot be used with option '--csv'.`],
  ])('%j are told of as JSON too', async (words, message) => {
    const { code, stdout } = await runMillrace(words, home);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'MR-CLI-001', message, remedy: `See \`millrace ${words[0]} --help\`.` },
    });
  });

  test('without a command get the help, which shows examples and exit codes', async () => {
    const [bare, asked] = [await runMillrace([], home), await runMillrace(['--help'], home)];
    expect(bare).toEqual(asked);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain('Examples:\n  millrace run');
    expect(asked.stdout).toContain('Exit codes: 0 done');
  });

  test('--help of every command shows an example of that command', { timeout: 180_000 }, async () => {
    const help = (await runMillrace(['--help'], home)).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z-]+)(?: \[| {2,}| <)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help');
    expect(commands).toEqual(
      expect.arrayContaining([
        'run',
        'serve',
        'ingest',
        'build',
        'query',
        'report',
        'status',
        'doctor',
        'generate',
        'reset',
        'run-operation',
      ]),
    );
    const nested = ['csv', 'events'].map((name) => ['ingest', name]);
    for (const words of [...commands.filter((name) => name !== 'ingest').map((name) => [name]), ...nested]) {
      const { code, stdout, stderr } = await runMillrace([...words, '--help'], home);
      expect([words, code, stderr]).toEqual([words, 0, '']);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  millrace ${words.join(' ')}`));
    }
  });
});

describe('one word', () => {
  test('is a day, a number, a port or a name', () => {
    expect(parseDay('2024-02-29')).toBe('2024-02-29');
    expect([parseCount('0'), parseCount('10k'), parseCount('2M')]).toEqual([0, 10_000, 2_000_000]);
    expect([parsePort('0'), parsePort('65535')]).toEqual([0, 65_535]);
    expect([parseSource('vienna-2'), parseNewSource('csv')]).toEqual(['vienna-2', 'csv']);
  });

  test.each([
    ['day', () => parseDay('2023-02-29')],
    ['day', () => parseDay('2024-2-9')],
    ['day', () => parseDay('+002024-01-01')],
    ['whole number', () => parseCount('1.5')],
    ['whole number', () => parseCount('-1')],
    ['port', () => parsePort('65536')],
    ['port', () => parsePort(' 80')],
    ['name', () => parseSource('Vienna')],
    ['name', () => parseSource('-x')],
    ['own', () => parseNewSource('sample')],
  ])('that is no %s is refused', (what, parse) => {
    expect(parse).toThrow(what);
  });
});
