/** Objects that are no more than their members: `context`, `api`, `modules`, packages of macros, and config and var, which are called too. */
import { Callable, type HostObject, type Kwargs, type Value } from '../jinja/values.ts';

/** Functions by name, as the members of an object. */
export const functions = (members: Readonly<Record<string, (args: readonly Value[], kwargs: Kwargs) => Value>>) => {
  const made = new Map(Object.entries(members).map(([name, call]) => [name, new Callable(name, call)]));
  return (name: string): Value | undefined => made.get(name);
};

/** An object whose attributes, which are its items too, are found by name: `context`, a package of macros. */
export class MemberObject implements HostObject {
  readonly typeName: string;
  readonly #find: (name: string) => Value | undefined;

  constructor(typeName: string, find: (name: string) => Value | undefined) {
    this.typeName = typeName;
    this.#find = find;
  }

  getAttribute(name: string): Value | undefined {
    return this.#find(name);
  }

  getItem(key: Value): Value | undefined {
    return typeof key === 'string' ? this.#find(key) : undefined;
  }

  contains(key: Value): boolean {
    return typeof key === 'string' && this.#find(key) !== undefined;
  }

  toText(): string {
    return `<${this.typeName}>`;
  }
}

/** An object with members that can be called itself: config and var. */
export class CallableObject extends MemberObject {
  readonly call: (args: readonly Value[], kwargs: Kwargs) => Value | Promise<Value>;

  constructor(
    typeName: string,
    call: (args: readonly Value[], kwargs: Kwargs) => Value | Promise<Value>,
    member: (name: string) => Value | undefined,
  ) {
    super(typeName, member);
    this.call = call;
  }
}

/** An object with these attributes, such as `api` or `modules`. */
export class Namespace extends MemberObject {
  readonly #members: ReadonlyMap<string, Value>;

  constructor(members: Readonly<Record<string, Value>>) {
    const byName = new Map(Object.entries(members));
    super('namespace', (name) => byName.get(name));
    this.#members = byName;
  }

  iterate(): Iterable<Value> {
    return this.#members.keys();
  }

  override toText(): string {
    return `{${[...this.#members.keys()].join(', ')}}`;
  }
}
