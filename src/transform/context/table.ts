/** The result of a query as macros read it: rows by place and by name, columns with their values, as agate has them. */
import { Dict, equals, type HostObject, str, Tuple, truthy, type Value } from '../jinja/values.ts';
import { fn } from './callables.ts';

const at = <Item>(items: readonly Item[], index: number): Item | undefined =>
  items[index < 0 ? items.length + index : index];

/** What agate calls a column's type. */
export type AgateType = 'Number' | 'Integer' | 'Text' | 'Boolean' | 'Date' | 'DateTime' | 'ISODateTime';

/** Values that are found by place or by name: a row, and the lists of rows and of columns. */
class Sequence implements HostObject {
  readonly typeName: string;
  readonly names: readonly string[];
  readonly values: readonly Value[];

  constructor(typeName: string, names: readonly string[], values: readonly Value[]) {
    this.typeName = typeName;
    this.names = names;
    this.values = values;
  }

  getItem(key: Value): Value | undefined {
    if (typeof key === 'number') return at(this.values, key);
    const index = this.names.indexOf(str(key));
    return index < 0 ? undefined : this.values[index];
  }

  getAttribute(name: string): Value | undefined {
    switch (name) {
      case 'values':
        return fn(name, '', () => new Tuple(this.values));
      case 'keys':
        return fn(name, '', () => new Tuple(this.names));
      case 'items':
        return fn(name, '', () => this.names.map((key, index) => new Tuple([key, this.values[index] ?? null])));
      case 'dict':
        return fn(name, '', () => Dict.of(this.names.map((key, index) => [key, this.values[index] ?? null])));
      case 'get':
        return fn(
          name,
          'key default?',
          ({ key, default: otherwise }) => this.getItem(key ?? null) ?? otherwise ?? null,
        );
      default:
        return undefined;
    }
  }

  iterate(): Iterable<Value> {
    return this.values;
  }

  length(): number {
    return this.values.length;
  }

  contains(value: Value): boolean {
    return this.values.some((item) => equals(item, value));
  }

  toText(): string {
    return `<agate.${this.typeName}: (${this.values.map(str).join(', ')})>`;
  }
}

/** A column of a result: its values by place, its name and type. */
class ResultColumn extends Sequence {
  readonly name: string;
  readonly type: AgateType;

  constructor(name: string, type: AgateType, values: readonly Value[]) {
    super('Column', [], values);
    this.name = name;
    this.type = type;
  }

  override getAttribute(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.name;
      case 'data_type':
        return this.type;
      case 'values_distinct':
        return fn(name, '', () => {
          return this.values.filter((value, index) => this.values.findIndex((item) => equals(item, value)) === index);
        });
      case 'values_without_nulls':
        return fn(name, '', () => this.values.filter((value) => value !== null));
      default:
        return super.getAttribute(name);
    }
  }
}

/** A result; iterating over it gives its rows. */
export class Table implements HostObject {
  readonly typeName = 'Table';
  readonly names: readonly string[];
  readonly data: readonly (readonly Value[])[];
  #types: readonly AgateType[] | (() => readonly AgateType[]);
  readonly #print: (text: string) => void;
  #rows: Sequence | undefined;

  /** `types` may be found when they are asked for; `print` is told of a table that a template prints. */
  constructor(
    names: readonly string[],
    types: readonly AgateType[] | (() => readonly AgateType[]),
    data: readonly (readonly Value[])[],
    print: (text: string) => void = () => undefined,
  ) {
    this.names = names;
    this.#types = types;
    this.data = data;
    this.#print = print;
  }

  get types(): readonly AgateType[] {
    if (typeof this.#types === 'function') this.#types = this.#types();
    return this.#types;
  }

  get rows(): Sequence {
    this.#rows ??= new Sequence(
      'Rows',
      [],
      this.data.map((values) => new Sequence('Row', this.names, values)),
    );
    return this.#rows;
  }

  #columns(): Value {
    const columns = this.names.map(
      (name, index) =>
        new ResultColumn(
          name,
          this.types[index] ?? 'Text',
          this.data.map((values) => values[index] ?? null),
        ),
    );
    return new Sequence('Columns', this.names, columns);
  }

  /** The result with these columns alone, in this order. */
  #select(names: readonly string[]): Table {
    const places = names.map((name) => this.names.indexOf(name));
    return new Table(
      names,
      places.map((place) => this.types[place] ?? 'Text'),
      this.data.map((values) => places.map((place) => values[place] ?? null)),
    );
  }

  /** As a grid of text, for logs. */
  toGrid(limit = 20): string {
    const lines = [this.names, ...this.data.slice(0, limit).map((values) => values.map(str))];
    const widths = this.names.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)));
    return lines
      .map((line) => `| ${line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`)
      .join('\n');
  }

  getAttribute(name: string): Value | undefined {
    switch (name) {
      case 'rows':
        return this.rows;
      case 'columns':
        return this.#columns();
      case 'column_names':
        return new Tuple(this.names);
      case 'column_types':
        return new Tuple(this.types);
      case 'row_names':
        return null;
      case 'print_table':
        return fn(name, 'max_rows? max_columns? output? max_column_width?', () => {
          this.#print(this.toGrid());
          return null;
        });
      case 'limit':
        return fn(name, 'start_or_stop? stop? step?', ({ start_or_stop: first, stop }) => {
          const [from, to] = typeof stop === 'number' ? [Number(first), stop] : [0, Number(first)];
          return new Table(this.names, this.types, this.data.slice(from, to));
        });
      case 'select':
        return fn(name, 'key', ({ key }) => this.#select(Array.isArray(key) ? key.map(str) : [str(key ?? null)]));
      case 'rename':
        return fn(name, 'column_names? row_names?', ({ column_names: names }) => {
          const given = names instanceof Map ? this.names.map((old) => str(names.get(old) ?? old)) : undefined;
          return new Table(given ?? (Array.isArray(names) ? names.map(str) : this.names), this.types, this.data);
        });
      default:
        return undefined;
    }
  }

  getItem(key: Value): Value | undefined {
    return this.rows.getItem(key);
  }

  iterate(): Iterable<Value> {
    return this.rows.values;
  }

  length(): number {
    return this.data.length;
  }

  truthy(): boolean {
    return truthy(this.data.length);
  }

  toText(): string {
    return this.toGrid();
  }
}

/** A table without columns and rows. */
export const emptyTable = new Table([], [], []);
