/** dbt's native rendering: a template that is one expression gives its value, and filters say what its text stands for. */
import { JinjaError } from './errors.ts';
import { filterIn } from './filter.ts';
import { parseLiteral } from './literals.ts';
import { type HostObject, numeric, str, type Value } from './values.ts';

type Wanted = 'native' | 'bool' | 'number';

/** A text that stands for a value which is known once the whole template is rendered. */
class NativeText implements HostObject {
  readonly typeName = 'str';
  readonly #text: string;
  readonly #wanted: Wanted;

  constructor(text: string, wanted: Wanted) {
    this.#text = text;
    this.#wanted = wanted;
  }

  getAttribute(): undefined {
    return undefined;
  }

  toText(): string {
    return this.#text;
  }

  /** The value that the text stands for. Throws where it is not of the wanted kind. */
  resolve(): Value {
    const literal = parseLiteral(this.#text);
    const value = literal === undefined ? this.#text : literal;
    const isNumber = typeof value !== 'boolean' && numeric(value) !== undefined;
    const fits = { native: true, bool: typeof value === 'boolean', number: isNumber };
    if (fits[this.#wanted]) return value;
    throw new JinjaError('ValueError', `Could not convert value '${this.#text}' into type '${this.#wanted}'`);
  }
}

/** In a template that gives text, the filters change nothing. */
const nativeFilter = (wanted: Wanted) =>
  filterIn([], ({ isNative }, input) => (isNative ? new NativeText(str(input), wanted) : input));

export const nativeFilters = {
  as_bool: nativeFilter('bool'),
  as_native: nativeFilter('native'),
  as_number: nativeFilter('number'),
  as_text: filterIn([], ({ isNative }, input) => (isNative ? str(input) : input)),
  is_list: filterIn([], (_context, input) => Array.isArray(input)),
} as const;

/** What a native template gives that wrote these values. */
export function nativeResult(values: readonly Value[]): Value {
  const [only] = values;
  if (only === undefined) return '';
  if (values.length > 1) return values.map(str).join('');
  return only instanceof NativeText ? only.resolve() : only;
}
