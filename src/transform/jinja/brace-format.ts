/** Python's str.format: '{0} of {total:>8,.2f}'.format(part, total=whole). */
import { JinjaError, valueError } from './errors.ts';
import { formatValue } from './format-specification.ts';
import { type Kwargs, repr, str, type Value } from './values.ts';

/** Reads `.name` and `[key]` of a field's value. */
export interface FieldAccess {
  readonly attribute: (value: Value, name: string) => Value;
  readonly item: (value: Value, key: Value) => Value;
}

interface Arguments {
  readonly args: readonly Value[];
  readonly kwargs: Kwargs;
  readonly access: FieldAccess;
}

/** A field's text between its braces, and the offset behind them. */
function readField(template: string, start: number): { readonly field: string; readonly end: number } {
  let depth = 1;
  for (let index = start; index < template.length; index += 1) {
    if (template[index] === '{') depth += 1;
    if (template[index] === '}') depth -= 1;
    if (depth === 0) return { field: template.slice(start, index), end: index + 1 };
  }
  throw valueError("expected '}' before end of string");
}

/** Numbers the fields that have no name of their own. */
class FieldReader {
  readonly #given: Arguments;
  #next = 0;

  constructor(given: Arguments) {
    this.#given = given;
  }

  format(template: string): string {
    let result = '';
    let index = 0;
    while (index < template.length) {
      const character = template[index];
      if ((character === '{' || character === '}') && template[index + 1] === character) {
        result += character;
        index += 2;
      } else if (character === '{') {
        const { field, end } = readField(template, index + 1);
        result += this.#formatField(field);
        index = end;
      } else if (character === '}') throw valueError("Single '}' encountered in format string");
      else {
        result += character;
        index += 1;
      }
    }
    return result;
  }

  #formatField(field: string): string {
    const [, name = '', conversion, specification = ''] = /^([^!:]*)(?:!([\s\S]))?(?::([\s\S]*))?$/.exec(field) ?? [];
    const value = this.#value(name);
    const converted = conversion === 'r' || conversion === 'a' ? repr(value) : conversion === 's' ? str(value) : value;
    return formatValue(converted, specification.includes('{') ? this.format(specification) : specification);
  }

  #value(name: string): Value {
    const [, first = '', path = ''] = /^([^.[]*)([\s\S]*)$/.exec(name) ?? [];
    let value = this.#argument(first);
    for (const [, attribute, key] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      if (attribute !== undefined) value = this.#given.access.attribute(value, attribute);
      else if (key !== undefined) value = this.#given.access.item(value, /^\d+$/.test(key) ? Number(key) : key);
    }
    return value;
  }

  #argument(name: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) {
      const named = this.#given.kwargs.get(name);
      if (named === undefined) throw new JinjaError('KeyError', `'${name}'`);
      return named;
    }
    const index = name === '' ? this.#next : Number(name);
    if (name === '') this.#next += 1;
    const value = this.#given.args[index];
    if (value === undefined) {
      throw new JinjaError('IndexError', `Replacement index ${index} out of range for positional args tuple`);
    }
    return value;
  }
}

/** The template with its fields filled. Throws ValueError, KeyError or IndexError as Python does. */
export const braceFormat = (template: string, args: readonly Value[], kwargs: Kwargs, access: FieldAccess): string =>
  new FieldReader({ args, kwargs, access }).format(template);
