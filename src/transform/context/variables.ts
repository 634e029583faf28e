/** var() and env_var(): what a project and its surroundings set for templates. */
import { JinjaError } from '../jinja/errors.ts';
import type { Scope } from '../jinja/frame.ts';
import { parseTemplate } from '../jinja/template.ts';
import { Callable, type Kwargs, str, type Value } from '../jinja/values.ts';
import { given } from './callables.ts';
import { CallableObject, functions } from './member-objects.ts';

/** The variables that hold within a package. */
export type VarReader = (packageName: string) => ReadonlyMap<string, Value>;

/** An environment variable; undefined where it is not set. Reading one is noted by whoever gave the function. */
export type EnvReader = (name: string) => string | undefined;

/** Variables may be templates that read variables; as many as this may be within each other. */
const deepestVariable = 20;

/**
 * var() with the variables of a package; `missing` says what one that is not set is. A text that is a template is
 * rendered with `lookup`, the names of the place that asks.
 */
export function varObject(
  vars: ReadonlyMap<string, Value>,
  missing: (name: string) => Value,
  lookup: Scope['lookup'],
  depth = 0,
): Value {
  const render = (name: string, text: string): Promise<Value> => {
    if (depth === deepestVariable) {
      throw new JinjaError('RecursionError', `the variable ${name} is within more than ${depth} others`);
    }
    const within: Scope['lookup'] = (asked) =>
      asked === 'var' ? varObject(vars, missing, lookup, depth + 1) : lookup(asked);
    return parseTemplate(text, `the variable ${name}`).render({ lookup: within });
  };
  const read = (args: readonly Value[], kwargs: Kwargs): Value | Promise<Value> => {
    const name = str(given(args, kwargs, 0, 'var_name') ?? given(args, kwargs, 0, 'var') ?? null);
    const value = vars.get(name);
    if (typeof value === 'string' && /\{[{%#]/.test(value)) return render(name, value);
    if (value !== undefined) return value;
    const fallback = given(args, kwargs, 1, 'default');
    return fallback === undefined ? missing(name) : fallback;
  };
  return new CallableObject('var', read, functions({ has_var: (args) => vars.has(str(args[0] ?? null)) }));
}

/** env_var(); `missing` says what one that is not set is, or throws. */
export const envFunction = (env: EnvReader, missing: (name: string) => Value): Value =>
  new Callable('env_var', (args, kwargs) => {
    const name = str(given(args, kwargs, 0, 'var') ?? null);
    const value = env(name);
    if (value !== undefined) return value;
    const fallback = given(args, kwargs, 1, 'default');
    return fallback === undefined || fallback === null ? missing(name) : fallback;
  });
