/** The names that all templates have give what Python gives. */
import { expect, test } from 'vitest';
import { parseTemplate } from '../jinja/template.ts';
import { baseContext } from './base-context.ts';

const logged: string[] = [];
const common = baseContext({
  target: { name: 'dev', profile_name: 'shop', database: 'shop', schema: 'main', threads: 1 },
  flags: { FULL_REFRESH: true },
  clock: () => new Date('2024-02-29T13:05:09.250Z'),
  startedAt: new Date('2024-02-29T13:05:09.250Z'),
  invocationId: 'id',
  dbtVersion: '1.11.16',
  quoting: { database: true, schema: true, identifier: true },
  log: (message) => logged.push(message),
  warn: (message) => logged.push(message),
});

const render = (template: string): Promise<string> => parseTemplate(template, 'test.sql').render({ lookup: common });

test.each([
  [`tojson({'a': [1, 2.0, none, true, 'é']})`, `{"a": [1, 2.0, null, true, "\\u00e9"]}`],
  [`fromjson('{"a": [1.0, 2]}')['a']`, '[1.0, 2]'],
  [`fromjson('{', 'no')`, 'no'],
  [`fromjson('[12345678901234567890, 1e2]')`, '[12345678901234567890, 100.0]'],
  [`fromyaml('a: [1, x]').a`, `[1, 'x']`],
  [`fromyaml('a: [yes, 010, 1e3]').a`, `[True, 8, '1e3']`],
  [`fromyaml('{', 'no')`, 'no'],
  [`zip([1, 2], ['a', 'b', 'c']) | list`, `[(1, 'a'), (2, 'b')]`],
  [`zip(1, default='none')`, 'none'],
  [`set([2, 1, 2]) | list | sort`, '[1, 2]'],
  [`local_md5('hello')`, '5d41402abc4b2a76b9719d911017c592'],
  [`diff_of_two_dicts({'a': ['X', 'y'], 'b': ['z']}, {'A': ['x']})`, `{'a': ['y'], 'b': ['z']}`],
  ['target.name ~ target.type ~ target.schema', 'devduckdbmain'],
  ['flags.FULL_REFRESH', 'True'],
  ['run_started_at', '2024-02-29 13:05:09.250000+00:00'],
  [`run_started_at.strftime('%Y-%m-%d %j %a %B %I %p %U')`, '2024-02-29 060 Thu February 01 PM 08'],
  [`run_started_at.astimezone(modules.pytz.timezone('America/New_York'))`, '2024-02-29 08:05:09.250000-05:00'],
  [`modules.datetime.datetime(2024, 3, 31) - modules.datetime.timedelta(days=31, seconds=1)`, '2024-02-28 23:59:59'],
  [`(modules.datetime.date(2024, 3, 1) - modules.datetime.date(2024, 2, 1)).days`, '29'],
  [`modules.datetime.datetime.strptime('31/12/99 23:59', '%d/%m/%y %H:%M').isoformat()`, '1999-12-31T23:59:00'],
  [`modules.datetime.date.today().isocalendar()`, '(2024, 9, 4)'],
  [`modules.datetime.datetime(2024, 1, 2) < modules.datetime.datetime(2024, 1, 3)`, 'True'],
  [`modules.datetime.timedelta(days=-1, hours=1)`, '-1 day, 1:00:00'],
  [`modules.re.match('(\\\\w+)-(?P<n>\\\\d+)', 'ab-12 c').group('n')`, '12'],
  [`modules.re.sub('[aeiou]', '<\\\\g<0>>', 'banana', count=2)`, 'b<a>n<a>na'],
  [`modules.re.findall('(a)(n)', 'banana')`, `[('a', 'n'), ('a', 'n')]`],
  [`modules.re.match('b', 'ab') is none`, 'True'],
  [`modules.itertools.product([1, 2], ['a']) | list`, `[(1, 'a'), (2, 'a')]`],
  [`api.Column.translate_type('string') ~ api.Column.numeric_type('numeric', 28, 6)`, 'TEXTnumeric(28,6)'],
  [`api.Column('a', 'varchar', 10).data_type`, 'character varying(10)'],
  [`api.Relation.create(database='d', schema='s', identifier='i')`, '"d"."s"."i"'],
  [
    `api.Relation.create(database='d', schema='s', identifier='i').include(database=false).quote(schema=false)`,
    's."i"',
  ],
  [
    `api.Relation.create(schema='s', identifier='i', type='view').incorporate(path={'identifier': 'j'}, type='table').is_table`,
    'True',
  ],
  [`api.Relation.create(identifier='i') is mapping`, 'True'],
])('%s', async (expression, expected) => {
  expect(await render(`{{ ${expression} }}`)).toBe(expected);
});

test('what is raised is the message of the author', async () => {
  await expect(render(`{{ exceptions.raise_compiler_error('stop: ' ~ 1) }}`)).rejects.toThrow('stop: 1');
  await expect(render(`{{ tojson(run_started_at) }}`)).rejects.toThrow('datetime is not JSON serializable');
  await expect(render(`{{ modules.datetime.datetime.strptime('x', '%Y') }}`)).rejects.toThrow(
    `time data 'x' does not match format '%Y'`,
  );
});

test('log and warn reach whoever watches', async () => {
  expect(await render(`{{ log('one', info=true) }}{{ print('two') }}{{ exceptions.warn('three') }}`)).toBe('');
  expect(logged).toEqual(['one', 'two', 'three']);
});
