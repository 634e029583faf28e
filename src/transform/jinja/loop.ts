/** The `loop` of a for loop: where it is, and what is around. */
import { typeError } from './errors.ts';
import { Callable, equals, type HostObject, type Kwargs, type MakeUndefined, Tuple, type Value } from './values.ts';

/** Renders the body of a recursive loop over other items. */
export type Recurse = (items: Value) => Promise<Value>;

export class Loop implements HostObject {
  readonly typeName = 'LoopContext';
  readonly #items: readonly Value[];
  readonly #depth0: number;
  readonly #makeUndefined: MakeUndefined;
  readonly #recurse: Recurse | undefined;
  #index0 = -1;
  #lastChanged: Value | undefined;

  constructor(items: readonly Value[], depth0: number, makeUndefined: MakeUndefined, recurse: Recurse | undefined) {
    this.#items = items;
    this.#depth0 = depth0;
    this.#makeUndefined = makeUndefined;
    this.#recurse = recurse;
  }

  /** Goes on to the next item. */
  advance(): void {
    this.#index0 += 1;
  }

  getAttribute(name: string): Value | undefined {
    const index0 = this.#index0;
    const { length } = this.#items;
    switch (name) {
      case 'index':
        return index0 + 1;
      case 'index0':
        return index0;
      case 'revindex':
        return length - index0;
      case 'revindex0':
        return length - index0 - 1;
      case 'first':
        return index0 === 0;
      case 'last':
        return index0 === length - 1;
      case 'length':
        return length;
      case 'depth':
        return this.#depth0 + 1;
      case 'depth0':
        return this.#depth0;
      case 'previtem':
        return this.#neighbour(index0 - 1, 'there is no previous item');
      case 'nextitem':
        return this.#neighbour(index0 + 1, 'there is no next item');
      case 'cycle':
        return new Callable(name, (args) => this.#cycle(args));
      case 'changed':
        return new Callable(name, (args) => this.#changed(args));
      default:
        return undefined;
    }
  }

  #neighbour(index: number, message: string): Value {
    const item = this.#items[index];
    return item === undefined ? this.#makeUndefined(message, 'loop') : item;
  }

  #cycle(args: readonly Value[]): Value {
    const item = args[this.#index0 % args.length];
    if (item === undefined) throw typeError('no items for cycling given');
    return item;
  }

  #changed(args: readonly Value[]): boolean {
    const values = new Tuple(args);
    const changed = this.#lastChanged === undefined || !equals(this.#lastChanged, values);
    if (changed) this.#lastChanged = values;
    return changed;
  }

  call([items]: readonly Value[], _kwargs: Kwargs): Promise<Value> {
    if (!this.#recurse) throw typeError("the loop must have the 'recursive' marker to be called");
    if (items === undefined) throw typeError('the call of a recursive loop needs the items to loop over');
    return this.#recurse(items);
  }

  length(): number {
    return this.#items.length;
  }

  toText(): string {
    return `<LoopContext ${this.#index0 + 1}/${this.#items.length}>`;
  }
}
