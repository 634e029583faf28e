/** The results of a node's statements, which macros store and load by name. */
import { JinjaError } from '../jinja/errors.ts';
import { Dict, Tuple, type Value } from '../jinja/values.ts';
import { type Bound, textOf } from './callables.ts';
import { emptyTable, Table } from './table.ts';

/** A table of Python values as the rows of a result that macros load. */
const storedResult = (response: Value, table: Table): Value =>
  Dict.of([
    ['response', response],
    ['data', table.data.map((row) => new Tuple(row))],
    ['table', table],
  ]);

/** load_result, store_result and store_raw_result of one node. */
export class StatementResults {
  readonly #stored = new Map<string, Value>();
  readonly #taken = new Set<string>();

  get(name: string): Value | undefined {
    return this.#stored.get(name);
  }

  /** A result is read once; only that of 'main' is kept. */
  load({ name }: Bound): Value {
    const key = textOf(name);
    if (this.#taken.has(key))
      throw new JinjaError('HostError', `the result '${key}' was loaded already: keep it in a variable`);
    if (key !== 'main' && this.#stored.has(key)) this.#taken.add(key);
    return this.#stored.get(key) ?? null;
  }

  store({ name, response, agate_table: table }: Bound): Value {
    const key = textOf(name);
    this.#taken.delete(key);
    this.#stored.set(key, storedResult(response ?? null, table instanceof Table ? table : emptyTable));
    return '';
  }

  storeRaw({ name, message, code, rows_affected: rows, agate_table }: Bound): Value {
    const response = Dict.of([
      ['_message', message ?? null],
      ['code', code ?? null],
      ['rows_affected', rows ?? null],
    ]);
    return this.store({ name, response, agate_table });
  }
}
