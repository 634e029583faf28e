/** Renders a case of the comparison with the project's own Jinja. */
import { makeFunction } from '../../../src/transform/jinja/call-arguments.ts';
import { datetimeModule, pytzModule } from '../../../src/transform/jinja/datetime-module.ts';
import { JinjaError } from '../../../src/transform/jinja/errors.ts';
import type { Scope } from '../../../src/transform/jinja/frame.ts';
import { itertoolsModule } from '../../../src/transform/jinja/itertools-module.ts';
import { reModule } from '../../../src/transform/jinja/re-module.ts';
import { returnFunction } from '../../../src/transform/jinja/return-value.ts';
import { parseTemplate } from '../../../src/transform/jinja/template.ts';
import {
  Callable,
  Dict,
  iterate,
  lenientUndefined,
  listOf,
  PySet,
  repr,
  strictUndefined,
  Tuple,
  toPython,
  type Value,
} from '../../../src/transform/jinja/values.ts';
import type { Case } from './cases.ts';

/** What a template gave: its output, or the kind of its error. */
export type Outcome = { readonly output: string } | { readonly error: string; readonly message?: string };

function zip(lists: readonly Value[]): Value[] {
  const columns = lists.map(listOf);
  const length = Math.min(...columns.map((column) => column.length));
  return Array.from({ length }, (_, index) => new Tuple(columns.map((column) => column[index] ?? null)));
}

const functions: readonly (readonly [string, Value])[] = [
  ['return', returnFunction],
  ['set', makeFunction('set', ['items?'], (items = []) => new PySet(iterate(items)))],
  ['zip', new Callable('zip', zip)],
  [
    'modules',
    Dict.of([
      ['datetime', datetimeModule(() => new Date(0))],
      ['re', reModule],
      ['itertools', itertoolsModule],
      ['pytz', pytzModule],
    ]),
  ],
];

function scopeOf({ context = {}, macros = '', lenient = false }: Case): Scope {
  const names = new Map<string, Value>(functions);
  for (const [name, value] of Object.entries(context)) names.set(name, toPython(value));
  const scope: Scope = {
    lookup: (name) => names.get(name),
    makeUndefined: lenient ? lenientUndefined : strictUndefined,
  };
  for (const block of parseTemplate(macros, 'macros/library.sql').blocks) names.set(block.name, block.bind(scope));
  return scope;
}

async function render(testCase: Case): Promise<string> {
  const scope = scopeOf(testCase);
  const template = parseTemplate(testCase.template, 'models/case.sql');
  return testCase.native ? repr(await template.renderNative(scope)) : template.render(scope);
}

/** What the project's own Jinja makes of a case. */
export async function outcomeOf(testCase: Case): Promise<Outcome> {
  try {
    return { output: await render(testCase) };
  } catch (error) {
    if (error instanceof JinjaError) return { error: error.kind, message: error.message };
    throw error;
  }
}
