/** `exceptions`: how macros refuse to go on, or warn. */
import { JinjaError } from '../jinja/errors.ts';
import { str, Tuple, type Value } from '../jinja/values.ts';
import { type Bound, fn, textOf } from './callables.ts';
import { Namespace } from './member-objects.ts';

/** What a macro raised: its message is the author's own. */
const raise = (message: string): never => {
  throw new JinjaError('HostError', message);
};

/** One line per column of either side: what is declared, what the query gives, and how they differ. */
function contractTable(declared: Value, found: Value): string {
  const typesOf = (columns: Value): Map<string, string> =>
    new Map(
      (Array.isArray(columns) ? columns : []).flatMap((column) =>
        column instanceof Map
          ? [[str(column.get('name') ?? null).toLowerCase(), str(column.get('data_type') ?? null)] as const]
          : [],
      ),
    );
  const [yaml, sql] = [typesOf(declared), typesOf(found)];
  const names = [...new Set([...yaml.keys(), ...sql.keys()])].sort();
  const mismatch = (name: string): string | undefined => {
    const [wanted, given] = [yaml.get(name), sql.get(name)];
    if (wanted === undefined) return 'missing in contract';
    if (given === undefined) return 'missing in definition';
    return wanted === given ? undefined : 'data type mismatch';
  };
  return names
    .flatMap((name) => {
      const reason = mismatch(name);
      return reason === undefined
        ? []
        : [
            `  ${name}: the query gives ${sql.get(name) ?? 'nothing'}, the contract wants ${yaml.get(name) ?? 'nothing'} (${reason})`,
          ];
    })
    .join('\n');
}

function contractError({ yaml_columns: declared, sql_columns: found }: Bound): never {
  if (Array.isArray(declared) && declared.length === 0) {
    return raise(
      'This model has an enforced contract, and its contract must have columns with their data types in YAML',
    );
  }
  return raise(
    `This model has an enforced contract that failed. Change the query or the contract:\n${contractTable(declared ?? null, found ?? null)}`,
  );
}

/** `warn` is told of every warning, once each. */
export const exceptionsObject = (warn: (message: string) => void): Value => {
  const raising = (name: string): Value => fn(name, 'msg node?', ({ msg }) => raise(textOf(msg)));
  return new Namespace({
    raise_compiler_error: raising('raise_compiler_error'),
    raise_database_error: raising('raise_database_error'),
    raise_dependency_error: raising('raise_dependency_error'),
    raise_fail_fast_error: raising('raise_fail_fast_error'),
    raise_not_implemented: raising('raise_not_implemented'),
    raise_parsing_error: raising('raise_parsing_error'),
    warn: fn('warn', 'msg node?', ({ msg }) => {
      warn(textOf(msg));
      return '';
    }),
    warn_snapshot_timestamp_data_types: fn('warn_snapshot_timestamp_data_types', 'snapshot_time updated_at', () => ''),
    raise_contract_error: fn('raise_contract_error', 'yaml_columns sql_columns', contractError),
    column_type_missing: fn('column_type_missing', 'column_names', ({ column_names: names }) => {
      const list = Array.isArray(names) ? names : names instanceof Tuple ? names.items : [];
      return raise(`A contract needs the data_type of every column; missing for: ${list.map(str).join(', ')}`);
    }),
    missing_relation: fn('missing_relation', 'relation model?', ({ relation }) =>
      raise(`Relation ${textOf(relation)} not found!`),
    ),
    missing_config: fn('missing_config', 'model name', ({ name }) => raise(`The config '${textOf(name)}' is required`)),
    relation_wrong_type: fn(
      'relation_wrong_type',
      'relation expected_type model?',
      ({ relation, expected_type: wanted }) =>
        raise(`Trying to create ${textOf(wanted)} ${textOf(relation)}, but it exists as something else. Drop it first`),
    ),
  });
};
