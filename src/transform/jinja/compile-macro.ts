/** Turns macros into functions, which take their arguments as jinja2's macros do. */
import type { Evaluate, ExpressionCompiler } from './compile-expression.ts';
import { JinjaError, typeError } from './errors.ts';
import { type Execute, type Frame, TextOutput } from './frame.ts';
import type { MacroDefinition } from './nodes.ts';
import { Dict, type Kwargs, Tuple, type Value } from './values.ts';
import { walkStatements } from './walk.ts';

/** Calls a macro whose body sees the names of a frame; gives its text. */
export type CallMacro = (frame: Frame, args: readonly Value[], kwargs: Kwargs, depth: number) => Promise<string>;

/** As many macro calls as may be within each other. */
const deepestCall = 500;

/** Names that a macro is given beyond its parameters where its body uses them. */
interface Extras {
  readonly caller: boolean;
  readonly varargs: boolean;
  readonly kwargs: boolean;
}

function extrasOf({ body, parameters }: MacroDefinition): Extras {
  const read = new Set<string>();
  walkStatements(body, (expression) => {
    if (expression.type === 'name') read.add(expression.name);
  });
  const isExtra = (name: string): boolean => read.has(name) && !parameters.some((parameter) => parameter.name === name);
  return { caller: isExtra('caller'), varargs: isExtra('varargs'), kwargs: isExtra('kwargs') };
}

interface CompiledParameter {
  readonly name: string;
  readonly fallback: Evaluate | undefined;
}

/** Sets the parameters in order, so that a default may use those before it. */
async function setParameters(
  frame: Frame,
  parameters: readonly CompiledParameter[],
  args: readonly Value[],
  left: Map<string, Value>,
): Promise<void> {
  for (const [index, { name, fallback }] of parameters.entries()) {
    const given = index < args.length ? args[index] : takeKeyword(left, name);
    if (given !== undefined) frame.set(name, given);
    else if (fallback) frame.set(name, await fallback(frame));
    else frame.set(name, frame.makeUndefined(`parameter '${name}' was not provided`, name));
  }
}

function takeKeyword(left: Map<string, Value>, name: string): Value | undefined {
  const value = left.get(name);
  left.delete(name);
  return value;
}

function refuseLeftovers(
  name: string,
  parameterCount: number,
  extras: Extras,
  args: readonly Value[],
  left: Kwargs,
): void {
  const [keyword] = left.keys();
  if (keyword === 'caller' && !extras.kwargs) {
    throw typeError(`macro '${name}' was called by a call block, but does not call caller()`);
  }
  if (keyword !== undefined && !extras.kwargs) {
    throw typeError(`macro '${name}' takes no keyword argument '${keyword}'`);
  }
  if (args.length > parameterCount && !extras.varargs) {
    throw typeError(`macro '${name}' takes not more than ${parameterCount} argument(s)`);
  }
}

/** A macro as a function of the frame around it. */
export function compileMacro(definition: MacroDefinition, expressions: ExpressionCompiler, body: Execute): CallMacro {
  const { name } = definition;
  const extras = extrasOf(definition);
  const parameters = definition.parameters.map((parameter) => ({
    name: parameter.name,
    fallback: parameter.fallback && expressions.compile(parameter.fallback),
  }));
  return async (around, args, kwargs, depth) => {
    if (depth > deepestCall) {
      throw new JinjaError('RecursionError', `macro '${name}' is within more than ${deepestCall} macro calls`);
    }
    const frame = around.inner(depth);
    const left = new Map(kwargs);
    await setParameters(frame, parameters, args, left);
    if (extras.caller) {
      const caller = takeKeyword(left, 'caller') ?? frame.makeUndefined('No caller defined', 'caller');
      frame.set('caller', caller);
    }
    refuseLeftovers(name, parameters.length, extras, args, left);
    if (extras.kwargs) frame.set('kwargs', Dict.of(left));
    if (extras.varargs) frame.set('varargs', new Tuple(args.slice(parameters.length)));
    const output = new TextOutput();
    await body(frame, output);
    return output.text;
  };
}
