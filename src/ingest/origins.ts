/** The way of each column before the models: from a file through staging and production to the sources that models read. */
import { baseContract, type EventField, eventFields } from '../contracts/events/event-contract.ts';
import { type ReferenceName, referenceContracts, referenceNames } from '../contracts/events/reference-data.ts';
import { type ReceivedColumn, type TableContract, tableContracts, tableNames } from '../contracts/tables.ts';
import { lakeShapes } from './events/lake-shape.ts';
import { extractShapes } from './extract.ts';

/** A column on its way: made of columns of the relation before it, or by Millrace. */
export interface Origin {
  readonly name: string;
  /**
   * SQL over the columns of the relation before. Functions that SQL does not have stand for what takes longer to say:
   * read_KIND(text) reads a text as the contract has it, email_token(email) is its keyed hash, mask_text and mask_id take
   * personal data out.
   */
  readonly expression?: string;
  /** Who gives it its value where no column does. */
  readonly madeBy?: string;
}

/** A relation on the way. */
export interface OriginRelation {
  /** `file:customers.csv`, `postgres:staging.customers`; a source of the models as they name it: `production.customers`. */
  readonly id: string;
  /** The relation that it is made of; a file has none. */
  readonly from?: string;
  readonly columns: readonly Origin[];
}

const source: Origin = { name: 'source', madeBy: 'the load: the shop that its files come from' };
const observedAt: Origin = { name: 'observed_at', madeBy: 'the load: when its files were true' };
const batch: Origin = { name: 'batch_id', madeBy: 'the load: its batch' };

const asTheyAre = (names: readonly string[]): readonly Origin[] => names.map((name) => ({ name, expression: name }));
const namesOf = (columns: readonly { readonly name: string }[]): readonly string[] => columns.map(({ name }) => name);

/** How the contract reads a column of a file. */
function readingOf({ name, kind, otherwise }: ReceivedColumn): string {
  const read = `read_${typeof kind === 'string' ? kind : 'word'}(${name})`;
  return otherwise === undefined ? read : `coalesce(${read}, ${otherwise})`;
}

/** What the contract stores: SQL over what was read, which here is SQL over staging. */
function storedColumns({ columns, stored }: TableContract): readonly Origin[] {
  const codes = columns.filter(({ kind }) => kind === 'country').map(({ name }) => [`code_${name}`, name] as const);
  return stored.map(({ name, expression }) => {
    const read = columns.find((column) => column.name === expression);
    const coded = codes.find(([code]) => code === expression);
    return { name, expression: coded ? `country_code(${coded[1]})` : read ? readingOf(read) : expression };
  });
}

/** A CSV file, its rows as received, and the clean ones. */
function ofTable(contract: TableContract): readonly OriginRelation[] {
  const { name, file, columns, updatedAt } = contract;
  const received = namesOf(columns);
  const changedAt = received.find((each) => each === updatedAt);
  return [
    { id: `file:${file}`, columns: received.map((each) => ({ name: each, madeBy: 'the file' })) },
    { id: `postgres:staging.${name}`, from: `file:${file}`, columns: asTheyAre(received) },
    {
      id: `postgres:production.${name}`,
      from: `postgres:staging.${name}`,
      columns: [
        source,
        ...storedColumns(contract),
        { name: 'content_hash', expression: `md5(concat_ws(chr(31), ${received.join(', ')}))` },
        observedAt,
        changedAt
          ? { name: 'updated_at', expression: `read_timestamp(${changedAt})` }
          : { name: 'updated_at', madeBy: 'the load: NULL, as the file does not say it' },
        batch,
      ],
    },
  ];
}

/** Every content of a row that a batch brought has the columns of the one that counts. */
const snapshots = (name: string, table: 'customers' | 'products'): OriginRelation => {
  const { stored } = tableContracts[table];
  const further = ['source', ...namesOf(stored), 'content_hash', 'observed_at', 'updated_at', 'batch_id'];
  return { id: `postgres:production.${name}`, from: `postgres:production.${table}`, columns: asTheyAre(further) };
};

interface Extracted {
  readonly name: string;
  readonly expression?: string;
}

/** What the extract takes of production. */
const extracts: readonly OriginRelation[] = Object.entries(extractShapes).map(([name, { columns }]) => ({
  id: `production.${name}`,
  from: `postgres:production.${name}`,
  columns: columns.map((column: Extracted) => ({
    name: column.name,
    expression: column.expression?.replace('{email_token}', 'email_token(email)') ?? column.name,
  })),
}));

/** What becomes of a field of an event on its way into the lake. */
const eventReadings: Readonly<Record<EventField['kind'], (name: string) => string>> = {
  exact: (name) => name,
  text: (name) => `mask_text(trim(${name}))`,
  country: (name) => `upper(${name})`,
  timestamp: (name) => `read_timestamp(${name})`,
  amount: (name) => `round(${name}, 2)`,
  object: (name) => `mask_json(${name})`,
  number: (name) => name,
  integer: (name) => name,
  boolean: (name) => name,
};

const fields = eventFields(baseContract);

const events: readonly OriginRelation[] = [
  { id: 'file:events', columns: fields.map(({ name }) => ({ name, madeBy: 'the event' })) },
  {
    id: 'lake.events',
    from: 'file:events',
    columns: lakeShapes.events.map(({ name }) => {
      const field = fields.find((each) => each.name === name);
      if (field) return { name, expression: eventReadings[field.kind](name) };
      if (name === 'received_at') return { name, madeBy: 'the load: when the event came' };
      return name === 'batch_id' ? batch : source;
    }),
  },
];

/** Catalog and profiles: a file, and what the lake has of it. */
function ofReference(name: ReferenceName): readonly OriginRelation[] {
  const { key, columns } = referenceContracts[name];
  const expressionOf = (column: string, kind: string): string =>
    kind === 'text' ? `${column === key ? 'mask_id' : 'mask_text'}(${column})` : `read_${kind}(${column})`;
  return [
    { id: `file:${name}`, columns: columns.map((column) => ({ name: column.name, madeBy: 'the file' })) },
    {
      id: `lake.${name}`,
      from: `file:${name}`,
      columns: lakeShapes[name].map((column) => {
        const read = columns.find((each) => each.name === column.name);
        if (read) return { name: read.name, expression: expressionOf(read.name, read.kind) };
        return column.name === 'source' ? source : observedAt;
      }),
    },
  ];
}

/** All relations on the way, each after the one that it is made of. */
export const origins: readonly OriginRelation[] = [
  ...tableNames.flatMap((name) => ofTable(tableContracts[name])),
  snapshots('customer_snapshots', 'customers'),
  snapshots('product_snapshots', 'products'),
  ...extracts,
  ...events,
  ...referenceNames.flatMap(ofReference),
];
