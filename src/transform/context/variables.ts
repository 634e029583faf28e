/** var() and env_var(): what a project and its surroundings set for templates. */
import { Callable, type Kwargs, str, type Value } from '../jinja/values.ts';
import { given } from './callables.ts';
import { CallableObject, functions } from './member-objects.ts';

/** The variables that hold within a package. */
export type VarReader = (packageName: string) => ReadonlyMap<string, Value>;

/** An environment variable; undefined where it is not set. Reading one is noted by whoever gave the function. */
export type EnvReader = (name: string) => string | undefined;

/** var() with the variables of a package; `missing` says what one that is not set is. */
export function varObject(vars: ReadonlyMap<string, Value>, missing: (name: string) => Value): Value {
  const read = (args: readonly Value[], kwargs: Kwargs): Value => {
    const name = str(given(args, kwargs, 0, 'var_name') ?? given(args, kwargs, 0, 'var') ?? null);
    const value = vars.get(name);
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
