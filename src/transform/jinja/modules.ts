/** Python's modules and types as objects of a template: their members by name. */
import { readArguments } from './call-arguments.ts';
import type { HostObject, Kwargs, Value } from './values.ts';

type Members = Readonly<Record<string, Value>>;

const memberOf = (members: Members, name: string): Value | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** A module. */
export const makeModule = (name: string, members: Members): HostObject => ({
  typeName: 'module',
  getAttribute: (member) => memberOf(members, member),
  toText: () => `<module '${name}'>`,
});

/** A type that is called to make its values; its members are functions of the type. */
export const makeType = (
  name: string,
  parameters: readonly string[],
  make: (...given: (Value | undefined)[]) => Value,
  members: Members,
): HostObject => ({
  typeName: 'type',
  getAttribute: (member) => memberOf(members, member),
  call: (args: readonly Value[], kwargs: Kwargs) => make(...readArguments(name, parameters, args, kwargs)),
  toText: () => `<class '${name}'>`,
});
