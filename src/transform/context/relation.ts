/** Relations as templates handle them: a database's, schema's and table's name, how much of it is printed, and how it is quoted. */
import { Callable, Dict, type HostObject, str, truthy, type Value } from '../jinja/values.ts';
import { type Bound, fn } from './callables.ts';
import { Namespace } from './member-objects.ts';

/** The parts of a relation's name, in the order in which they are printed. */
export type Part = 'database' | 'schema' | 'identifier';

const parts: readonly Part[] = ['database', 'schema', 'identifier'];

/** For each part a yes or no. */
export type Policy = Readonly<Record<Part, boolean>>;

const always: Policy = { database: true, schema: true, identifier: true };

/** Rows whose time is at or after `start` and before `end`; texts as they are compared with the field. */
export interface EventTimeFilter {
  readonly field: string;
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** What a relation is made of; what is left out is null, quoted and included. */
export interface RelationParts {
  readonly database?: string | null;
  readonly schema?: string | null;
  readonly identifier?: string | null;
  readonly type?: string | null;
  readonly include?: Policy;
  readonly quote?: Policy;
  /** What is printed in place of the name: a file or a function call. */
  readonly external?: string | null;
  /** With this the relation prints as a subquery of so many rows. */
  readonly limit?: number | null;
  readonly filter?: EventTimeFilter | null;
}

const textOrNull = (value: Value | undefined): string | null =>
  value === null || value === undefined || !truthy(value) ? null : str(value);

const changed = (policy: Policy, given: Bound): Policy =>
  Object.fromEntries(
    parts.map((part) => [part, given[part] === undefined || given[part] === null ? policy[part] : truthy(given[part])]),
  ) as Record<Part, boolean>;

function filterSql({ field, start, end }: EventTimeFilter): string {
  const conditions = [
    ...(start === undefined ? [] : [`${field} >= '${start}'`]),
    ...(end === undefined ? [] : [`${field} < '${end}'`]),
  ];
  return conditions.join(' and ');
}

/** The types that `is_...` asks for. */
const typeQuestions: ReadonlyMap<string, string> = new Map([
  ['is_table', 'table'],
  ['is_view', 'view'],
  ['is_cte', 'cte'],
  ['is_materialized_view', 'materialized_view'],
  ['is_pointer', 'pointer_table'],
]);

/** A relation; it never changes, what would change it gives another. */
export class Relation implements HostObject {
  readonly typeName = 'DuckDBRelation';
  /** Python's relations are mappings, and macros ask whether they are. */
  readonly isMapping = true;
  readonly database: string | null;
  readonly schema: string | null;
  readonly identifier: string | null;
  readonly type: string | null;
  readonly #given: RelationParts;

  constructor(given: RelationParts) {
    this.database = given.database ?? null;
    this.schema = given.schema ?? null;
    this.identifier = given.identifier ?? null;
    this.type = given.type ?? null;
    this.#given = given;
  }

  with(given: RelationParts): Relation {
    return new Relation({ ...this.#given, ...given });
  }

  /** The name, without limit and filter. */
  render(): string {
    const { include = always, quote = always, external } = this.#given;
    if (external) return external;
    return parts
      .filter((part) => include[part] && this[part])
      .map((part) => (quote[part] ? `"${this[part]}"` : this[part]))
      .join('.');
  }

  toText(): string {
    const { limit, filter } = this.#given;
    const name = this.render();
    const limited =
      limit === null || limit === undefined
        ? name
        : `(select * from ${name} ${limit === 0 ? 'where false limit 0' : `limit ${limit}`})`;
    const condition = filter ? filterSql(filter) : '';
    return condition ? `(select * from ${limited} where ${condition})` : limited;
  }

  toRepr(): string {
    return `<DuckDBRelation ${this.render()}>`;
  }

  equals(other: Value): boolean {
    return other instanceof Relation && other.toText() === this.toText() && other.type === this.type;
  }

  hashKey(): string {
    return this.render();
  }

  withoutIdentifier(): Relation {
    return this.with({ identifier: null });
  }

  #incorporate({ path, type, ...others }: Bound): Relation {
    const names = path instanceof Map ? path : new Map<Value, Value>();
    const pathParts = parts.flatMap((part) => (names.has(part) ? [[part, textOrNull(names.get(part))]] : []));
    return this.with({
      ...Object.fromEntries(pathParts),
      ...(type === undefined ? {} : { type: textOrNull(type) }),
      ...(others.external === undefined ? {} : { external: textOrNull(others.external) }),
    });
  }

  #informationSchema(view: string | null): Value {
    return new Relation({
      database: this.database,
      schema: 'information_schema',
      identifier: view,
      quote: { ...always, schema: false, identifier: false },
    });
  }

  #policy(policy: Policy): Value {
    return Dict.of(parts.map((part) => [part, policy[part]]));
  }

  getAttribute(name: string): Value | undefined {
    const { include = always, quote = always } = this.#given;
    const question = typeQuestions.get(name);
    if (question !== undefined) return this.type === question;
    switch (name) {
      case 'database':
        return this.database;
      case 'schema':
        return this.schema;
      case 'identifier':
      case 'name':
      case 'table':
        return this.identifier;
      case 'type':
        return this.type;
      case 'quote_character':
        return '"';
      case 'dbt_created':
        return false;
      case 'can_be_renamed':
      case 'can_be_replaced':
        return this.type === 'table' || this.type === 'view';
      case 'path':
        return Dict.of(parts.map((part) => [part, this[part]]));
      case 'include_policy':
        return this.#policy(include);
      case 'quote_policy':
        return this.#policy(quote);
      case 'render':
        return fn(name, '', () => this.render());
      case 'include':
        return fn(name, 'database? schema? identifier?', (given) => this.with({ include: changed(include, given) }));
      case 'quote':
        return fn(name, 'database? schema? identifier?', (given) => this.with({ quote: changed(quote, given) }));
      case 'incorporate':
        return fn(name, 'path? type? external? dbt_created?', (given) => this.#incorporate(given));
      case 'replace_path':
        return new Callable(name, (_args, kwargs) => this.#incorporate({ path: Dict.of(kwargs) }));
      case 'without_identifier':
        return fn(name, '', () => this.withoutIdentifier());
      case 'quoted':
        return fn(name, 'identifier', ({ identifier }) => `"${str(identifier ?? null)}"`);
      case 'information_schema':
        return fn(name, 'view_name?', ({ view_name }) => this.#informationSchema(textOrNull(view_name)));
      case 'information_schema_only':
        return fn(name, '', () => this.#informationSchema(null));
      case 'matches':
        return fn(name, 'database? schema? identifier?', (given) =>
          parts.every((part) => !given[part] || textOrNull(given[part])?.toLowerCase() === this[part]?.toLowerCase()),
        );
      case 'get':
        return fn(name, 'key default?', ({ key, default: otherwise }) =>
          key === 'metadata' ? Dict.of([['type', this.typeName]]) : (this.getItem(key ?? null) ?? otherwise ?? null),
        );
      default:
        return undefined;
    }
  }

  getItem(key: Value): Value | undefined {
    return key === 'path' || key === 'type' || parts.includes(key as Part) ? this.getAttribute(str(key)) : undefined;
  }
}

function quoteOf(value: Value | undefined, quoting: Policy): Policy {
  if (!(value instanceof Map)) return quoting;
  return changed(quoting, Object.fromEntries([...value].map(([key, item]) => [str(key), item])));
}

/** `api.Relation`: makes relations, quoted as the project has it. */
export const relationClass = (quoting: Policy): Value =>
  new Namespace({
    create: fn(
      'create',
      'database? schema? identifier? type? quote_policy? include_policy? external? dbt_created? limit? catalog_name?',
      ({ database, schema, identifier, type, quote_policy, include_policy, external }) =>
        new Relation({
          database: textOrNull(database),
          schema: textOrNull(schema),
          identifier: textOrNull(identifier),
          type: textOrNull(type),
          external: textOrNull(external),
          quote: quoteOf(quote_policy, quoting),
          include: quoteOf(include_policy, always),
        }),
    ),
    scd_args: fn('scd_args', 'primary_key updated_at', ({ primary_key: key, updated_at }) => [
      ...(Array.isArray(key) ? key : [key ?? null]),
      updated_at ?? null,
    ]),
    add_ephemeral_prefix: fn('add_ephemeral_prefix', 'name', ({ name }) => `__dbt__cte__${str(name ?? null)}`),
    get_default_quote_policy: fn('get_default_quote_policy', '', () => Dict.of(parts.map((part) => [part, true]))),
    Table: 'table',
    View: 'view',
    CTE: 'cte',
    External: 'external',
    MaterializedView: 'materialized_view',
  });
