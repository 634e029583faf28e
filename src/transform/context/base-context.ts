/** The names that every template has, whatever it is rendered for: Python's helpers, JSON and YAML, modules, log, target, flags. */
import { createHash } from 'node:crypto';
import { stringify as writeYaml } from 'yaml';
import { callValue } from '../jinja/compile-expression.ts';
import { datetimeModule, pytzModule, utcDateTime } from '../jinja/datetime-module.ts';
import { JinjaError } from '../jinja/errors.ts';
import { itertoolsModule } from '../jinja/itertools-module.ts';
import { jsonText, readJson } from '../jinja/json-text.ts';
import { reModule } from '../jinja/re-module.ts';
import { returnFunction } from '../jinja/return-value.ts';
import {
  Callable,
  Dict,
  fromPython,
  iterate,
  Macro,
  PySet,
  str,
  Tuple,
  toPython,
  truthy,
  type Value,
} from '../jinja/values.ts';
import type { JsonMap } from '../manifest/types.ts';
import { readYaml } from '../parse/yaml.ts';
import { fn, textOf } from './callables.ts';
import { columnClass } from './column.ts';
import { exceptionsObject } from './exceptions.ts';
import { Namespace } from './member-objects.ts';
import { type Policy, relationClass } from './relation.ts';

/** Where a project is built: what templates read as `target`. */
export interface Target {
  readonly name: string;
  readonly profile_name: string;
  readonly database: string;
  readonly schema: string;
  readonly threads: number;
  /** Of the database's file, where it has one. */
  readonly path?: string;
}

/** What the base context is made of. */
export interface BaseSettings {
  readonly target: Target;
  /** Flags by their names in capitals: FULL_REFRESH, STORE_FAILURES, WHICH, ... */
  readonly flags: JsonMap;
  readonly clock: () => Date;
  readonly startedAt: Date;
  readonly invocationId: string;
  readonly dbtVersion: string;
  readonly quoting: Policy;
  /** Told of what templates log; `info` is meant for whoever watches. */
  readonly log: (message: string, info: boolean) => void;
  readonly warn: (message: string) => void;
}

const listOrUndefined = (value: Value): readonly Value[] | undefined => {
  try {
    return [...iterate(value)];
  } catch {
    return undefined;
  }
};

function zipped(args: readonly Value[]): Value | undefined {
  const lists = args.map(listOrUndefined);
  if (lists.includes(undefined)) return undefined;
  const length = lists.length === 0 ? 0 : Math.min(...lists.map((list) => list?.length ?? 0));
  return Array.from({ length }, (_, index) => new Tuple(lists.map((list) => list?.[index] ?? null)));
}

const typeProblem = (message: string): never => {
  throw new JinjaError('TypeError', message);
};

/** The entries of one dict of lists that another lacks, whatever the case of their letters. */
function difference(left: Value | undefined, right: Value | undefined): Value {
  const lower = (value: Value): string => str(value).toLowerCase();
  const entriesOf = (value: Value | undefined): [Value, Value][] => (value instanceof Map ? [...value] : []);
  const others = new Map(entriesOf(right).map(([key, list]) => [lower(key), (listOrUndefined(list) ?? []).map(lower)]));
  return Dict.of(
    entriesOf(left).flatMap(([key, list]): [Value, Value][] => {
      const known = others.get(lower(key));
      if (known === undefined) return [[key, list]];
      const rest = (listOrUndefined(list) ?? []).filter((item) => !known.includes(lower(item)));
      return rest.length > 0 ? [[key, rest]] : [];
    }),
  );
}

/** What a reader or writer gives; the default where it refuses the value. */
function orDefault(make: () => Value, otherwise: Value | undefined): Value {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof JinjaError && thrown.kind !== 'ValueError') throw thrown;
    return otherwise ?? null;
  }
}

function helpers({ log, clock, warn: tell, quoting, flags }: BaseSettings): Readonly<Record<string, Value>> {
  const warn = (message: string): void => {
    if (truthy(toPython(flags.WARN_ERROR ?? false))) throw new JinjaError('HostError', message);
    tell(message);
  };
  return {
    set: fn('set', 'value default?', ({ value, default: otherwise }) => {
      const items = listOrUndefined(value ?? null);
      return items ? new PySet(items) : (otherwise ?? null);
    }),
    set_strict: fn('set_strict', 'value', ({ value }) => new PySet(iterate(value ?? null))),
    zip: new Callable('zip', (args, kwargs) => zipped(args) ?? kwargs.get('default') ?? null),
    zip_strict: new Callable('zip_strict', (args) => zipped(args) ?? typeProblem('zip_strict() takes lists')),
    tojson: fn('tojson', 'value default? sort_keys?', ({ value, default: otherwise, sort_keys: sorted }) =>
      orDefault(() => jsonText(value ?? null, { sortKeys: truthy(sorted ?? false) }), otherwise),
    ),
    fromjson: fn('fromjson', 'string default?', ({ string, default: otherwise }) =>
      orDefault(() => readJson(textOf(string)), otherwise),
    ),
    toyaml: fn('toyaml', 'value default? sort_keys?', ({ value, sort_keys: sorted }) =>
      writeYaml(fromPython(value ?? null), { sortMapEntries: truthy(sorted ?? false), lineWidth: 0, indentSeq: false }),
    ),
    fromyaml: fn('fromyaml', 'value default?', ({ value, default: otherwise }) =>
      orDefault(() => toPython(readYaml('fromyaml()', textOf(value)).value), otherwise),
    ),
    log: fn('log', 'msg info?', ({ msg, info }) => {
      log(textOf(msg), truthy(info ?? false));
      return '';
    }),
    print: fn('print', 'msg', ({ msg }) => {
      log(textOf(msg), true);
      return '';
    }),
    local_md5: fn('local_md5', 'value', ({ value }) => createHash('md5').update(textOf(value)).digest('hex')),
    diff_of_two_dicts: fn('diff_of_two_dicts', 'dict_a dict_b', ({ dict_a: left, dict_b: right }) =>
      difference(left, right),
    ),
    modules: new Namespace({
      datetime: datetimeModule(clock),
      pytz: pytzModule,
      re: reModule,
      itertools: itertoolsModule,
    }),
    exceptions: exceptionsObject(warn),
    api: new Namespace({ Relation: relationClass(quoting), Column: columnClass }),
    try_or_compiler_error: new Macro('try_or_compiler_error', async ([message, called, ...args], kwargs, depth) => {
      try {
        return await callValue(called ?? null, args, kwargs, depth + 1);
      } catch {
        throw new JinjaError('HostError', textOf(message));
      }
    }),
  };
}

/** An undefined name is JavaScript's undefined. */
export function baseContext(settings: BaseSettings): (name: string) => Value | undefined {
  const { target, flags, startedAt, invocationId, dbtVersion } = settings;
  const names = new Map<string, Value>(
    Object.entries({
      ...helpers(settings),
      return: returnFunction,
      target: toPython({ ...target, type: 'duckdb', target_name: target.name, path: target.path ?? ':memory:' }),
      flags: new Namespace(Object.fromEntries(Object.entries(flags).map(([key, value]) => [key, toPython(value)]))),
      invocation_args_dict: toPython(
        Object.fromEntries(Object.entries(flags).map(([key, value]) => [key.toLowerCase(), value])),
      ),
      run_started_at: utcDateTime(startedAt),
      invocation_id: invocationId,
      dbt_version: dbtVersion,
      thread_id: 'MainThread',
      dbt_metadata_envs: new Dict(),
    }),
  );
  return (name) => names.get(name);
}
