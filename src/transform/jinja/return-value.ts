/** What `return(x)` throws: it ends the macro, whose call then has the value x itself instead of text. */
import { makeFunction } from './call-arguments.ts';
import type { Callable, Value } from './values.ts';

export class ReturnValue {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/** dbt's `return`, for hosts to give to their templates. */
export const returnFunction: Callable = makeFunction('return', ['data'], (value = null) => {
  throw new ReturnValue(value);
});
