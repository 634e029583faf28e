/** `config` while a node is built: its configs as they are, which templates read and no longer change. */
import { JinjaError } from '../jinja/errors.ts';
import { Callable, type HostObject, type Kwargs, str, toPython, truthy, type Value } from '../jinja/values.ts';
import type { JsonMap } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';
import { type Bound, fn } from './callables.ts';

const snapshotColumns = ['dbt_valid_to', 'dbt_valid_from', 'dbt_scd_id', 'dbt_updated_at', 'dbt_is_deleted'];

/** The configs of a node. Values are converted once, so that a macro that changes one finds it changed. */
export class NodeConfigObject implements HostObject {
  readonly typeName = 'RuntimeConfigObject';
  readonly #config: JsonMap;
  readonly #owner: string;
  readonly #values = new Map<string, Value>();

  constructor(config: JsonMap, owner: string) {
    this.#config = config;
    this.#owner = owner;
  }

  /** config(...) in a template that is rendered again says nothing new. */
  call(_args: readonly Value[], _kwargs: Kwargs): Value {
    return '';
  }

  #read(name: string): Value | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    if (name === 'snapshot_table_column_names') return this.#snapshotNames();
    const key = name === 'pre_hook' || name === 'post_hook' ? name.replace('_', '-') : name;
    if (!Object.hasOwn(this.#config, key)) return undefined;
    const value = toPython(this.#config[key]);
    this.#values.set(name, value);
    return value;
  }

  /** The names of a snapshot's own columns: those that were chosen, and the usual ones. */
  #snapshotNames(): Value {
    const chosen = this.#config.snapshot_meta_column_names;
    const given = Object.entries(isMap(chosen) ? chosen : {}).filter(([, value]) => value !== null);
    return toPython({
      ...Object.fromEntries(snapshotColumns.map((name) => [name, name])),
      ...Object.fromEntries(given),
    });
  }

  #readMeta(name: string): Value | undefined {
    const { meta } = this.#config;
    return isMap(meta) && Object.hasOwn(meta, name) ? toPython(meta[name]) : undefined;
  }

  #require(name: string, value: Value | undefined): Value {
    if (value !== undefined) return value;
    throw new JinjaError('HostError', `${this.#owner} does not define the required config '${name}'`);
  }

  async #checked(value: Value, { validator }: Bound): Promise<Value> {
    if (validator instanceof Callable) await validator.call([value], new Map());
    return value;
  }

  #persists(what: string): boolean {
    const asked = this.#config.persist_docs;
    return isMap(asked) && truthy(toPython(asked[what]));
  }

  getAttribute(name: string): Value | undefined {
    const key = (given: Bound): string => str(given.name ?? null);
    switch (name) {
      case 'get':
        return fn(name, 'name default? validator?', (given) => this.#read(key(given)) ?? given.default ?? null);
      case 'require':
        return fn(name, 'name validator?', (given) =>
          this.#checked(this.#require(key(given), this.#read(key(given))), given),
        );
      case 'meta_get':
        return fn(name, 'name default? validator?', (given) => this.#readMeta(key(given)) ?? given.default ?? null);
      case 'meta_require':
        return fn(name, 'name validator?', (given) => this.#require(key(given), this.#readMeta(key(given))));
      case 'set':
        return fn(name, 'name value', () => '');
      case 'persist_relation_docs':
        return fn(name, '', () => this.#persists('relation'));
      case 'persist_column_docs':
        return fn(name, '', () => this.#persists('columns'));
      default:
        return undefined;
    }
  }

  toText(): string {
    return '<config>';
  }
}
