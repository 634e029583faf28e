/** Columns as macros see them: api.Column, with DuckDB's names of types. */
import { Callable, fromPython, type HostObject, str, type Value } from '../jinja/values.ts';
import { fn } from './callables.ts';
import { Namespace } from './member-objects.ts';

const textTypes = ['text', 'character varying', 'character', 'varchar'];
const floatTypes = ['real', 'float', 'float4', 'float8', 'double'];
const integerTypes = [
  ...['tinyint', 'smallint', 'integer', 'bigint', 'hugeint', 'utinyint', 'usmallint', 'uinteger', 'ubigint'],
  ...['int1', 'int2', 'int4', 'int8', 'short', 'int', 'signed', 'long'],
];

/** 'STRUCT(a INTEGER, b STRUCT(c DATE))' -> its fields; commas within parentheses do not part them. */
function structFields(type: string): readonly (readonly [string, string])[] {
  const content = /^struct\((.*)\)$/is.exec(type)?.[1] ?? '';
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of content) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part].map((field) => {
    const text = field.trim();
    const space = text.indexOf(' ');
    return [text.slice(0, space), text.slice(space + 1)];
  });
}

/** The alias that adapters have for a type: only 'string' has one. */
const translate = (type: string): string => (type.toUpperCase() === 'STRING' ? 'TEXT' : type);

const numericType = (type: string, precision: Value, scale: Value): string =>
  precision === null || scale === null ? type : `${type}(${str(precision)},${str(scale)})`;

/** A column's name and type. */
export class Column implements HostObject {
  readonly typeName = 'DuckDBColumn';
  readonly name: string;
  readonly dtype: string;
  readonly size: number | null;
  readonly precision: Value;
  readonly scale: Value;

  constructor(name: string, dtype: string, size: number | null = null, precision: Value = null, scale: Value = null) {
    this.name = name;
    this.dtype = dtype;
    this.size = size;
    this.precision = precision;
    this.scale = scale;
  }

  #is(types: readonly string[]): boolean {
    return types.includes(this.dtype.toLowerCase());
  }

  get isText(): boolean {
    return this.#is(textTypes);
  }

  get textSize(): number {
    return this.dtype === 'text' || this.size === null ? 256 : this.size;
  }

  get dataType(): string {
    if (this.isText) return `character varying(${this.textSize})`;
    if (this.#is(['numeric', 'decimal'])) return numericType(this.dtype, this.precision, this.scale);
    return this.dtype;
  }

  /** The column, or the fields of a struct as columns of their own. */
  flatten(): Column[] {
    if (!/^struct\(/i.test(this.dtype)) return [this];
    return structFields(this.dtype).flatMap(([name, type]) => new Column(`${this.name}.${name}`, type).flatten());
  }

  getAttribute(name: string): Value | undefined {
    const isInteger = this.#is(integerTypes);
    const isFloat = this.#is(floatTypes);
    const isNumeric = this.#is(['numeric', 'decimal']);
    switch (name) {
      case 'name':
      case 'column':
        return this.name;
      case 'dtype':
        return this.dtype;
      case 'quoted':
        return `"${this.name}"`;
      case 'data_type':
      case 'expanded_data_type':
        return this.dataType;
      case 'char_size':
        return this.size;
      case 'numeric_precision':
        return this.precision;
      case 'numeric_scale':
        return this.scale;
      case 'is_string':
        return fn(name, '', () => this.isText);
      case 'is_integer':
        return fn(name, '', () => isInteger);
      case 'is_float':
        return fn(name, '', () => isFloat);
      case 'is_numeric':
        return fn(name, '', () => isNumeric);
      case 'is_number':
        return fn(name, '', () => isInteger || isFloat || isNumeric);
      case 'is_struct':
        return fn(name, '', () => /^struct/i.test(this.dtype));
      case 'string_size':
        return fn(name, '', () => this.textSize);
      case 'flatten':
        return fn(name, '', () => this.flatten());
      case 'literal':
        return fn(name, 'value', ({ value }) => `${str(value ?? null)}::${this.dataType}`);
      case 'can_expand_to':
        return fn(name, 'other_column', ({ other_column: other }) => {
          return other instanceof Column && this.isText && other.isText && other.textSize > this.textSize;
        });
      default:
        return undefined;
    }
  }

  toText(): string {
    return `<DuckDBColumn ${this.name} (${this.dataType})>`;
  }

  equals(other: Value): boolean {
    return other instanceof Column && other.name === this.name && other.dtype === this.dtype;
  }
}

const numberOf = (value: Value | undefined): number | null => {
  const json = fromPython(value ?? null);
  return json === null ? null : Number(json);
};

/** `api.Column`: the class, which is called to make a column, with its functions of the class. */
class ColumnClass extends Namespace {
  call(args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value {
    const names = ['column', 'dtype', 'char_size', 'numeric_precision', 'numeric_scale'];
    const [name, dtype, size, precision, scale] = names.map((key, index) => args[index] ?? kwargs.get(key) ?? null);
    return new Column(str(name ?? null), str(dtype ?? null), numberOf(size), precision ?? null, scale ?? null);
  }
}

export const columnClass: Value = new ColumnClass({
  translate_type: fn('translate_type', 'dtype', ({ dtype }) => translate(str(dtype ?? null))),
  create: fn('create', 'name label_or_dtype', ({ name, label_or_dtype: type }) => {
    return new Column(str(name ?? null), translate(str(type ?? null)));
  }),
  numeric_type: fn('numeric_type', 'dtype precision scale', ({ dtype, precision, scale }) =>
    numericType(str(dtype ?? null), precision ?? null, scale ?? null),
  ),
  string_type: fn('string_type', 'size', ({ size }) => `character varying(${str(size ?? null)})`),
  from_description: new Callable(
    'from_description',
    ([name, type]) => new Column(str(name ?? null), str(type ?? null)),
  ),
});
