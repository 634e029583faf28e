/** Functions of the host as templates call them: arguments by place or by name, as Python binds them. */
import { makeFunction } from '../jinja/call-arguments.ts';
import { JinjaError } from '../jinja/errors.ts';
import { type Callable, type Kwargs, str, type Value } from '../jinja/values.ts';

/** The arguments of a call by their parameters' names; what was not given is undefined. */
export type Bound = Readonly<Record<string, Value | undefined>>;

/** An argument as it prints; None where it was not given. */
export const textOf = (value: Value | undefined): string => str(value ?? null);

/** A function with the parameters named in one text, as 'name default?'; a question mark: it may be left out. */
export function fn(name: string, parameters: string, body: (given: Bound) => Value | Promise<Value>): Callable {
  const list = parameters.split(' ').filter((parameter) => parameter !== '');
  const names = list.map((parameter) => parameter.replace('?', ''));
  return makeFunction(name, list, (...given) =>
    body(Object.fromEntries(names.map((parameter, index) => [parameter, given[index]]))),
  );
}

/** The argument of a function at a place or by its name. */
export const given = (args: readonly Value[], kwargs: Kwargs, index: number, name: string): Value | undefined =>
  index < args.length ? args[index] : kwargs.get(name);

/** As many calls of macros by the host as may be within each other. */
const deepestHostCall = 100;

/** A function that runs what it is given, and refuses to run it within too many others: macros that the host calls do not know how deep they are. */
export function nestingLimit(): <Result>(name: string, run: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  return async (name, run) => {
    if (running >= deepestHostCall) {
      throw new JinjaError('RecursionError', `'${name}' is within more than ${deepestHostCall} calls like it`);
    }
    running += 1;
    try {
      return await run();
    } finally {
      running -= 1;
    }
  };
}
