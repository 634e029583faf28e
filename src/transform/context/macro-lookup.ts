/** Which macro a name means while a node is run. */
import type { Macros } from '../parse/macros.ts';

const prefixed = (name: string): readonly string[] => [name, `duckdb__${name}`, `default__${name}`];

/** Whether a package other than the engine's own has a macro in place of one of the engine's. */
export const isOverridden = (macros: Macros, name: string): boolean =>
  macros
    .searchOrder('dbt')
    .filter((packageName) => packageName !== 'dbt')
    .some((packageName) => prefixed(name).some((candidate) => macros.inPackage(packageName, candidate) !== undefined));
