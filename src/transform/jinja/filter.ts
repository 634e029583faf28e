/** What a filter is: a function of its input and arguments. */
import { type Given, readArguments } from './call-arguments.ts';
import type { Kwargs, MakeUndefined, Value } from './values.ts';

/** What filters ask of the frame that they are used in. */
export interface FilterContext {
  readonly makeUndefined: MakeUndefined;
  /** Whether values are kept as they are where they are the whole output. */
  readonly isNative: boolean;
}

export type Filter = (context: FilterContext, input: Value, args: readonly Value[], kwargs: Kwargs) => Value;

/** A filter whose arguments are read by its parameters' names; those that end with '?' may be left out. */
export const filter =
  (parameters: readonly string[], run: (input: Value, ...given: (Value | undefined)[]) => Value): Filter =>
  (_context, input, args, kwargs) =>
    run(input, ...readArguments('filter', parameters, args, kwargs));

/** A filter that asks its frame for something too. */
export const filterIn =
  (parameters: readonly string[], run: (context: FilterContext, input: Value, given: Given) => Value): Filter =>
  (context, input, args, kwargs) =>
    run(context, input, readArguments('filter', parameters, args, kwargs));
