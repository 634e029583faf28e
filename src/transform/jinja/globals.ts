/** The functions that every template has: range, dict, namespace, cycler, joiner. */
import { asIndex, makeFunction, readArguments } from './call-arguments.ts';
import { updateDict } from './collection-methods.ts';
import { typeError, valueError } from './errors.ts';
import { Callable, Dict, type HostObject, type Kwargs, repr, type Value } from './values.ts';

/** As many numbers as jinja2 lets range give. */
const longestRange = 100_000;

function rangeItems(first: Value | undefined, second: Value | undefined, third: Value | undefined): Value[] {
  const start = second === undefined ? 0 : asIndex(first, 0);
  const stop = second === undefined ? asIndex(first, 0) : asIndex(second, 0);
  const step = asIndex(third, 1);
  if (step === 0) throw valueError('range() arg 3 must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > longestRange) throw valueError(`range() gives more than ${longestRange} numbers`);
  return Array.from({ length }, (_, index) => start + index * step);
}

/** An object whose attributes a template sets: `{% set ns.count = 1 %}`. */
export class Namespace implements HostObject {
  readonly typeName = 'Namespace';
  readonly #attributes = new Dict();

  constructor(source: Value | undefined, attributes: Kwargs) {
    updateDict(this.#attributes, source, attributes);
  }

  getAttribute(name: string): Value | undefined {
    return this.#attributes.get(name);
  }

  setAttribute(name: string, value: Value): void {
    this.#attributes.set(name, value);
  }

  toText(): string {
    return `<Namespace ${repr(this.#attributes)}>`;
  }
}

/** Gives its items in turn: `cycler('odd', 'even').next()`. */
class Cycler implements HostObject {
  readonly typeName = 'Cycler';
  readonly #items: readonly Value[];
  #index = 0;

  constructor(items: readonly Value[]) {
    if (items.length === 0) throw typeError('at least one item has to be provided');
    this.#items = items;
  }

  get #current(): Value {
    return this.#items[this.#index] ?? null;
  }

  #next(): Value {
    const current = this.#current;
    this.#index = (this.#index + 1) % this.#items.length;
    return current;
  }

  #reset(): null {
    this.#index = 0;
    return null;
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'current') return this.#current;
    if (name === 'next') return new Callable(name, () => this.#next());
    return name === 'reset' ? new Callable(name, () => this.#reset()) : undefined;
  }

  toText(): string {
    return '<Cycler>';
  }
}

/** Nothing at its first call, the separator at each later one. */
function makeJoiner(separator: Value): Callable {
  let used = false;
  return new Callable('joiner', () => {
    const result = used ? separator : '';
    used = true;
    return result;
  });
}

function makeDict(args: readonly Value[], kwargs: Kwargs): Dict {
  const [source] = readArguments('dict', ['source?'], args, new Map());
  const dict = new Dict();
  updateDict(dict, source, kwargs);
  return dict;
}

/** `dict(...)`, and `dict.fromkeys(...)`. */
class DictType implements HostObject {
  readonly typeName = 'type';

  getAttribute(name: string): Value | undefined {
    if (name !== 'fromkeys') return undefined;
    return makeFunction(name, ['iterable', 'value?'], (keys, value = null) =>
      makeDict([rangeless(keys).map((key) => [key, value])], new Map()),
    );
  }

  call(args: readonly Value[], kwargs: Kwargs): Value {
    return makeDict(args, kwargs);
  }

  toText(): string {
    return "<class 'dict'>";
  }
}

function rangeless(keys: Value | undefined): readonly Value[] {
  if (Array.isArray(keys)) return keys;
  throw typeError('fromkeys() needs a list of keys');
}

const functions: readonly Callable[] = [
  makeFunction('range', ['start', 'stop?', 'step?'], rangeItems),
  new Callable('namespace', (args, kwargs) => {
    const [source] = readArguments('namespace', ['source?'], args, new Map());
    return new Namespace(source, kwargs);
  }),
  new Callable('cycler', (args) => new Cycler(args)),
  makeFunction('joiner', ['sep?'], (separator = ', ') => makeJoiner(separator)),
];

/** Name -> function; a host's names come before them. */
export const globalNames: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...functions.map((callable) => [callable.name, callable] as const),
  ['dict', new DictType()],
]);
