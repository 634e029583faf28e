/** Reads the arguments of a call of a built-in function, method, filter or test by its parameters' names, as Python does. */
import { typeError } from './errors.ts';
import { Callable, isInt, type Kwargs, PyFloat, typeName, type Value } from './values.ts';

/** The arguments in the order of the parameters; undefined where an optional one was not given. */
export type Given = readonly (Value | undefined)[];

/**
 * Puts positional and named arguments into the order of the parameters.
 * @param parameters Their names; those that may be left out end with '?', and a last '*' takes any number.
 * @throws JinjaError of kind TypeError for too many, too few or unknown arguments.
 */
export function readArguments(
  name: string,
  parameters: readonly string[],
  args: readonly Value[],
  kwargs: Kwargs,
): Given {
  const takesRest = parameters.at(-1) === '*';
  const named = takesRest ? parameters.slice(0, -1) : parameters;
  if (args.length > named.length && !takesRest) {
    throw typeError(`${name}() takes at most ${named.length} argument(s) (${args.length} given)`);
  }
  const given: (Value | undefined)[] = named.map((_, index) => args[index]);
  for (const [key, value] of kwargs) {
    const index = named.findIndex((parameter) => parameter === key || parameter === `${key}?`);
    if (index === -1) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (given[index] !== undefined) throw typeError(`${name}() got multiple values for argument '${key}'`);
    given[index] = value;
  }
  named.forEach((parameter, index) => {
    if (given[index] === undefined && !parameter.endsWith('?')) {
      throw typeError(`${name}() missing required argument: '${parameter}'`);
    }
  });
  return [...given, ...args.slice(named.length)];
}

/** A method of a built-in type: its parameters, and what it does with the value it belongs to. */
export interface Method<Self> {
  readonly parameters: readonly string[];
  readonly run: (self: Self, ...given: (Value | undefined)[]) => Value | Promise<Value>;
}

export const method = <Self>(
  parameters: readonly string[],
  run: (self: Self, ...given: (Value | undefined)[]) => Value | Promise<Value>,
): Method<Self> => ({ parameters, run });

/** A method of a value as something that can be called. */
export function bindMethod<Self>(name: string, { parameters, run }: Method<Self>, self: Self): Callable {
  return new Callable(name, (args, kwargs) => run(self, ...readArguments(name, parameters, args, kwargs)));
}

/** A function by its parameters. */
export function makeFunction(
  name: string,
  parameters: readonly string[],
  run: (...given: (Value | undefined)[]) => Value | Promise<Value>,
): Callable {
  return new Callable(name, (args, kwargs) => run(...readArguments(name, parameters, args, kwargs)));
}

/** The argument as text; throws TypeError for anything else. */
export function asText(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw typeError(`expected str, got ${typeName(value ?? null)}`);
}

/** The argument as a whole number that JavaScript can index with; the fallback where it was not given or is None. */
export function asIndex(value: Value | undefined, fallback: number): number {
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'boolean' || isInt(value)) return Number(value);
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** The argument as a float or int in JavaScript's numbers. */
export function asNumber(value: Value | undefined): number {
  if (value instanceof PyFloat) return value.value;
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw typeError(`must be real number, not ${typeName(value ?? null)}`);
}
