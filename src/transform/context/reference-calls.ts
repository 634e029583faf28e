/** What templates give to ref(), source() and config(), checked, as data. */
import { typeError } from '../jinja/errors.ts';
import { fromPython, type Kwargs, str, type Value } from '../jinja/values.ts';
import type { JsonMap, RefArgs } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';

/** An argument that must be text. Throws TypeError, which names it. */
export const requireText = (value: Value | undefined, what: string): string => {
  if (typeof value === 'string') return value;
  throw typeError(`${what} is text, not ${value === undefined ? 'missing' : str(value)}`);
};

/** What ref() was called with. */
export function refOf(args: readonly Value[], kwargs: Kwargs): RefArgs {
  if (args.length < 1 || args.length > 2) throw typeError('ref() takes a model, or a package and a model');
  const version = kwargs.get('version') ?? kwargs.get('v') ?? null;
  const named = args.length === 2 ? args[1] : args[0];
  return {
    name: requireText(named, 'the model of ref()'),
    package: args.length === 2 ? requireText(args[0], 'the package of ref()') : null,
    version: version === null ? null : (fromPython(version) as string | number),
  };
}

/** What source() was called with. */
export function sourceOf(args: readonly Value[]): [string, string] {
  if (args.length !== 2) throw typeError('source() takes the name of a source and that of a table');
  return [requireText(args[0], 'the source of source()'), requireText(args[1], 'the table of source()')];
}

/** What config() was called with. */
export function configOfCall(args: readonly Value[], kwargs: Kwargs): JsonMap {
  const whole = args.length === 1 && kwargs.size === 0 ? fromPython(args[0] ?? null) : undefined;
  if (whole === undefined && (args.length > 0 || kwargs.size === 0)) {
    throw typeError('config() takes keywords, or one mapping');
  }
  const configs = whole ?? Object.fromEntries([...kwargs].map(([key, value]) => [String(key), fromPython(value)]));
  if (!isMap(configs)) throw typeError('config() takes keywords, or one mapping');
  return Object.fromEntries(
    Object.entries(configs).map(([key, value]) => [
      key === 'pre_hook' || key === 'post_hook' ? key.replace('_', '-') : key,
      value,
    ]),
  );
}
