/** `adapter`: what macros ask of the database, and how they find the macros that suit it. */
import { join } from 'node:path';
import { JinjaError } from '../jinja/errors.ts';
import { Callable, Dict, type HostObject, str, Tuple, toPython, truthy, type Value } from '../jinja/values.ts';
import { type Bound, fn, nestingLimit, textOf } from './callables.ts';
import { Column } from './column.ts';
import { columnDefinitions, tableConstraints } from './constraints.ts';
import { tableOf } from './query-table.ts';
import { Relation } from './relation.ts';
import type { RelationCache } from './relation-cache.ts';
import { columnTypeOf } from './seed-table.ts';
import type { Executed, Session } from './session.ts';
import { emptyTable, Table } from './table.ts';

/** What the adapter needs of the node that is built and of the project. */
export interface AdapterHost {
  readonly session: Session;
  readonly cache: RelationCache;
  readonly warn: (message: string) => void;
  readonly print: (text: string) => void;
  /** A macro by the name that it has for the node; undefined where there is none. */
  readonly macro: (name: string) => Value | undefined;
  /** A dispatched macro: duckdb__name or default__name, package by package. */
  readonly dispatch: (name: string, namespace: string | null) => Callable | undefined;
  /** Whether the project or one of its packages has a macro of this name in place of the engine's. */
  readonly overrides: (name: string) => boolean;
  /** Told of what a statement came to. */
  readonly executed: (executed: Executed) => void;
}

const fail = (message: string): never => {
  throw new JinjaError('HostError', message);
};

const orNull = (value: Value | undefined): string | null => (value === undefined || value === null ? null : str(value));

const isColumn = (value: Value): value is Column => value instanceof Column;

/** What a statement's response says, as dbt's adapter response. */
const responseOf = ({ rowsAffected }: Executed): Value =>
  toPython({ _message: 'OK', ...(rowsAffected === undefined ? {} : { rows_affected: rowsAffected }) });

const builtinStrategies = ['append', 'delete+insert', 'merge', 'microbatch'];

/** The functions of the adapter for one node. */
function adapterFunctions(host: AdapterHost): Readonly<Record<string, Value>> {
  const { session, cache } = host;
  const nested = nestingLimit();

  const call = async (name: string, ...args: Value[]): Promise<Value> => {
    const macro = host.macro(name);
    if (!(macro instanceof Callable)) return fail(`there is no macro ${name}`);
    return nested(name, async () => macro.call(args, new Map()));
  };

  const relationIn = (given: Bound, name = 'relation'): Relation => {
    const relation = given[name] ?? null;
    return relation instanceof Relation ? relation : fail(`a relation is needed, not ${str(relation)}`);
  };

  const columnsOf = async (relation: Value | undefined): Promise<readonly Column[]> => {
    const columns = await call('get_columns_in_relation', relation ?? null);
    return Array.isArray(columns) ? columns.filter(isColumn) : [];
  };

  const execute = async (sql: string, autoBegin: boolean): Promise<Executed> => {
    const executed = await session.execute(sql, autoBegin);
    host.executed(executed);
    return executed;
  };

  const missingColumns = async (from: Value | undefined, to: Value | undefined): Promise<Value> => {
    const known = new Set((await columnsOf(to)).map(({ name }) => name));
    return (await columnsOf(from)).filter(({ name }) => !known.has(name));
  };

  const listSchemas = async (database: Value): Promise<Value[]> => {
    const table = await call('list_schemas', database);
    return table instanceof Table ? table.data.map(([name]) => name ?? null) : [];
  };

  const describe = async (sql: string): Promise<Value> => {
    const { result } = await session.execute(`describe (${sql}\n)`);
    return result.rows.flatMap((row) => new Column(String(row.column_name), String(row.column_type)).flatten());
  };

  const checkSnapshot = async ({ relation, column_names: names, strategy }: Bound): Promise<Value> => {
    const columns = (await columnsOf(relation)).map(({ name }) => name.toLowerCase());
    const records = strategy instanceof Map && strategy.get('hard_deletes') === 'new_record';
    const wanted = names instanceof Map ? [...names].filter(([key]) => records || key !== 'dbt_is_deleted') : [];
    const missing = wanted.map(([, name]) => str(name)).filter((name) => !columns.includes(name.toLowerCase()));
    if (missing.length > 0)
      fail(`Snapshot target is missing configured columns (missing ${missing.map((name) => `"${name}"`).join(', ')})`);
    return null;
  };

  const hardDeletes = async (config: Value | undefined): Promise<string> => {
    const get =
      typeof config === 'object' && config !== null && 'getAttribute' in config
        ? config.getAttribute('get')
        : undefined;
    const read = async (name: string): Promise<Value> => (get instanceof Callable ? get.call([name], new Map()) : null);
    const [legacy, chosen] = [await read('invalidate_hard_deletes'), await read('hard_deletes')];
    if (legacy !== null && chosen !== null)
      fail('hard_deletes and invalidate_hard_deletes exclude each other: use hard_deletes');
    if (truthy(legacy)) return 'invalidate';
    if (chosen === null) return 'ignore';
    const known = ['ignore', 'invalidate', 'new_record'].includes(str(chosen));
    return known ? str(chosen) : fail(`Invalid setting for property hard_deletes: ${str(chosen)}`);
  };

  const strategyMacro = ({ strategy }: Bound): Value => {
    const name = `get_incremental_${textOf(strategy).replaceAll('+', '_')}_sql`;
    const known = ['insert_overwrite'].includes(textOf(strategy)) ? undefined : host.macro(name);
    return (
      known ??
      fail(
        `there is no incremental strategy '${textOf(strategy)}' (a macro named ${name}): use ${builtinStrategies.join(', ')}`,
      )
    );
  };

  const drop = async (relation: Relation): Promise<Value> => {
    await call('drop_relation', relation.type === null ? relation.with({ type: 'table' }) : relation);
    cache.remove(relation);
    return '';
  };

  const rename = async (from: Relation, to: Relation): Promise<Value> => {
    await call('rename_relation', from, to);
    cache.rename(from, to);
    return '';
  };

  const schemaChange = async (name: 'create_schema' | 'drop_schema', relation: Relation): Promise<Value> => {
    await call(name, relation);
    if (relation.schema === null) return '';
    if (name === 'create_schema') cache.addSchema(relation.database, relation.schema);
    else cache.removeSchema(relation.database, relation.schema);
    return '';
  };

  const quoted = (value: Value | undefined): string => `"${textOf(value)}"`;

  const members: readonly (readonly [string, string, (given: Bound) => Value | Promise<Value>])[] = [
    ['type', '', () => 'duckdb'],
    ['date_function', '', () => 'now()'],
    ['quote', 'identifier', ({ identifier }) => quoted(identifier)],
    ['quote_as_configured', 'identifier quote_key', ({ identifier }) => quoted(identifier)],
    [
      'quote_seed_column',
      'column quote_config?',
      ({ column, quote_config: quote }) => (quote === false ? textOf(column) : quoted(column)),
    ],
    [
      'dispatch',
      'macro_name macro_namespace? packages?',
      ({ macro_name: name, macro_namespace: namespace }) =>
        host.dispatch(textOf(name), orNull(namespace)) ??
        fail(`adapter.dispatch() finds neither duckdb__${textOf(name)} nor default__${textOf(name)}`),
    ],
    [
      'get_relation',
      'database schema identifier',
      ({ database, schema, identifier }) => cache.find(orNull(database), orNull(schema), orNull(identifier)) ?? null,
    ],
    [
      'already_exists',
      'schema identifier',
      ({ schema, identifier }) => cache.find(null, orNull(schema), orNull(identifier)) !== undefined,
    ],
    [
      'list_relations',
      'database schema',
      ({ database, schema }) => [...cache.inSchema(orNull(database), orNull(schema))],
    ],
    [
      'list_relations_without_caching',
      'schema_relation',
      ({ schema_relation: schema }) => call('list_relations_without_caching', schema ?? null),
    ],
    ['list_schemas', 'database', ({ database }) => listSchemas(database ?? null)],
    [
      'check_schema_exists',
      'database schema',
      async ({ database, schema }) =>
        cache.hasSchema(orNull(database), textOf(schema)) ||
        (await listSchemas(database ?? null)).includes(textOf(schema)),
    ],
    ['get_columns_in_relation', 'relation', async ({ relation }) => [...(await columnsOf(relation))]],
    [
      'get_missing_columns',
      'from_relation to_relation',
      ({ from_relation: from, to_relation: to }) => missingColumns(from, to),
    ],
    ['get_column_schema_from_query', 'sql', ({ sql }) => describe(textOf(sql))],
    // DuckDB's texts have no length, so there is nothing to widen.
    ['expand_target_column_types', 'from_relation to_relation', () => null],
    ['drop_relation', 'relation', (given) => drop(relationIn(given))],
    [
      'rename_relation',
      'from_relation to_relation',
      (given) => rename(relationIn(given, 'from_relation'), relationIn(given, 'to_relation')),
    ],
    ['truncate_relation', 'relation', (given) => call('truncate_relation', relationIn(given))],
    ['create_schema', 'relation', (given) => schemaChange('create_schema', relationIn(given))],
    ['drop_schema', 'relation', (given) => schemaChange('drop_schema', relationIn(given))],
    [
      'cache_added',
      'relation',
      (given) => {
        cache.add(relationIn(given));
        return '';
      },
    ],
    [
      'cache_dropped',
      'relation',
      (given) => {
        cache.remove(relationIn(given));
        return '';
      },
    ],
    [
      'execute',
      'sql auto_begin? fetch? limit?',
      async ({ sql, auto_begin: begin, fetch }) => {
        const executed = await execute(textOf(sql), truthy(begin ?? false));
        return new Tuple([
          responseOf(executed),
          truthy(fetch ?? false) ? tableOf(executed.result, host.print) : emptyTable,
        ]);
      },
    ],
    [
      'add_query',
      'sql auto_begin? bindings? abridge_sql_log?',
      async ({ sql }) => {
        await execute(textOf(sql), true);
        return null;
      },
    ],
    [
      'begin',
      '',
      async () => {
        await session.begin();
        return '';
      },
    ],
    [
      'commit',
      '',
      async () => {
        await session.commit();
        return '';
      },
    ],
    [
      'clear_transaction',
      '',
      async () => {
        await session.commit();
        return '';
      },
    ],
    ['disable_transactions', '', () => false],
    ['is_motherduck', '', () => false],
    ['is_ducklake', 'relation', () => false],
    ['external_root', '', () => '.'],
    ['get_binding_char', '', () => '?'],
    [
      'warn_once',
      'msg',
      ({ msg }) => {
        host.warn(textOf(msg));
        return '';
      },
    ],
    [
      'convert_type',
      'agate_table col_idx',
      ({ agate_table: table, col_idx: index }) =>
        table instanceof Table ? columnTypeOf(table, Number(index)) : fail('a table is needed'),
    ],
    [
      'get_seed_file_path',
      'model',
      ({ model }) => {
        const read = (key: string): string => (model instanceof Map ? textOf(model.get(key)) : '');
        return join(read('root_path'), read('original_file_path'));
      },
    ],
    ['render_raw_columns_constraints', 'raw_columns', ({ raw_columns: columns }) => columnDefinitions(columns ?? null)],
    [
      'render_raw_model_constraints',
      'raw_constraints',
      ({ raw_constraints: constraints }) => tableConstraints(constraints ?? null),
    ],
    ['valid_incremental_strategies', '', () => [...builtinStrategies]],
    ['get_incremental_strategy_macro', 'model_context strategy', strategyMacro],
    ['get_hard_deletes_behavior', 'config', ({ config }) => hardDeletes(config)],
    ['assert_valid_snapshot_target_given_strategy', 'relation column_names strategy', checkSnapshot],
    ['valid_snapshot_target', 'relation column_names?', (given) => checkSnapshot({ ...given, strategy: undefined })],
    ['standardize_grants_dict', 'grants_table', () => new Dict()],
    [
      'location_exists',
      'location',
      async ({ location }) => {
        return session.execute(`select 1 from '${textOf(location)}' where false`).then(
          () => true,
          () => false,
        );
      },
    ],
    ['overrides', 'macro_name', ({ macro_name: name }) => host.overrides(textOf(name))],
  ];
  return Object.fromEntries(members.map(([name, parameters, body]) => [name, fn(name, parameters, body)]));
}

/** The adapter of one node. */
export class Adapter implements HostObject {
  readonly typeName = 'DuckDBAdapter';
  readonly #members: ReadonlyMap<string, Value>;

  constructor(host: AdapterHost) {
    this.#members = new Map(Object.entries(adapterFunctions(host)));
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'behavior') return new Dict();
    return this.#members.get(name);
  }

  toText(): string {
    return '<DuckDBAdapter>';
  }
}
