/** DuckDB as the analytic store: open a file or memory, run SQL, read results as plain JSON values, close. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  DuckDBMaterializedResult,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  JsonDuckDBValueConverter,
  StatementType,
} from '@duckdb/node-api';
import { isAlive } from '../../kernel/processes.ts';

/** A value as JSON has it. Dates and timestamps are ISO text, decimals numbers, integers beyond 2^53 text. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One row, column name -> value. */
export type Row = Readonly<Record<string, JsonValue>>;

/** What a query gave: its columns in order, with DuckDB's type names, and its rows. */
export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Row[];
}

/** How much of the machine DuckDB may use. */
export interface DuckDBLimits {
  /** Such as '256MiB'; beyond it DuckDB spills to the temporary folder. */
  readonly memory: string;
  /** Undefined: one per core. */
  readonly threads: number | undefined;
  /** The folder to spill to; it is made when absent. */
  readonly temporaryFolder: string;
}

/** Parameters of a statement: positional (`$1` is the first) or named (`from` is `$from`). */
export type Parameters = readonly DuckDBValue[] | Readonly<Record<string, DuckDBValue>>;

const isNamed = (parameters: Parameters): parameters is Readonly<Record<string, DuckDBValue>> =>
  !Array.isArray(parameters);

/** A copy, as the driver takes it. */
const toValues = (parameters: Parameters): DuckDBValue[] | Record<string, DuckDBValue> =>
  isNamed(parameters) ? { ...parameters } : [...parameters];

/** One connection to one database. Not for several statements at once: call `fork` for a second connection. */
export interface DuckDB {
  /** Runs one or more statements and leaves their results aside. */
  run(sql: string, parameters?: Parameters): Promise<void>;
  /** Runs a query and gives its rows with their columns. */
  query(sql: string, parameters?: Parameters): Promise<QueryResult>;
  /** Runs a query and gives its rows, in the shape the caller knows them to have. */
  rows<T = Row>(sql: string, parameters?: Parameters): Promise<readonly T[]>;
  /** As `query`, for one statement that only reads: SELECT, SHOW, DESCRIBE, SUMMARIZE, EXPLAIN. Others are refused. */
  ask(sql: string): Promise<QueryResult>;
  /** Another connection to the same database. */
  fork(): Promise<DuckDB>;
  /** Stops the statement that runs at the moment, which then fails. */
  interrupt(): void;
  /** Closes the connection, and the database with its first connection. Closing twice is no error. */
  close(): void;
}

const isWide = (type: DuckDBType): boolean =>
  [DuckDBTypeId.BIGINT, DuckDBTypeId.UBIGINT, DuckDBTypeId.HUGEINT, DuckDBTypeId.UHUGEINT].includes(type.typeId);

/** A column of wide integers stays text as a whole when one of its values is beyond what a JSON number holds. */
function narrow(rows: Record<string, JsonValue>[], name: string, type: DuckDBType): void {
  const decimal = type.typeId === DuckDBTypeId.DECIMAL;
  if (!decimal && !isWide(type)) return;
  if (!decimal && rows.some((row) => row[name] !== null && !Number.isSafeInteger(Number(row[name])))) return;
  for (const row of rows) {
    if (typeof row[name] === 'string') row[name] = Number(row[name]);
  }
}

/** The parts of a result. A materialized one is here already; fetching it would be a way to another thread for each part. */
const chunksOf = (result: DuckDBResult): Promise<readonly DuckDBDataChunk[]> | readonly DuckDBDataChunk[] =>
  result instanceof DuckDBMaterializedResult
    ? Array.from({ length: result.chunkCount }, (_, index) => result.getChunk(index))
    : result.fetchAllChunks();

function rowsOf(chunks: readonly DuckDBDataChunk[], names: readonly string[]): Record<string, JsonValue>[] {
  const convert = JsonDuckDBValueConverter;
  return chunks.flatMap((chunk) =>
    Array.from({ length: chunk.rowCount }, (_, index) => {
      const row: Record<string, JsonValue> = {};
      chunk.visitRowValues(index, (value, _row, column, type) => {
        row[names[column] ?? ''] = convert(value, type, convert) as JsonValue;
      });
      return row;
    }),
  );
}

async function toResult(result: DuckDBResult): Promise<QueryResult> {
  const names = result.deduplicatedColumnNames();
  const types = result.columnTypes();
  const rows = rowsOf(await chunksOf(result), names);
  names.forEach((name, index) => {
    const type = types[index];
    if (type) narrow(rows, name, type);
  });
  return { columns: names.map((name, index) => ({ name, type: String(types[index]) })), rows };
}

const isOneStatement = (sql: string): boolean => !sql.trimEnd().replace(/;$/, '').includes(';');

/**
 * Runs statements. One without parameters is sent as it is: preparing it would be two more ways to DuckDB and back. Of a
 * text of several the last one's result is asked for, which only those give that are prepared one by one.
 */
const perform = (
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters | undefined,
): Promise<DuckDBResult> =>
  parameters === undefined && isOneStatement(sql)
    ? connection.run(sql)
    : connection.run(sql, toValues(parameters ?? []));

const reading: readonly StatementType[] = [StatementType.SELECT, StatementType.EXPLAIN];

/** Each connection would else count time where the process runs. */
async function connect(instance: DuckDBInstance): Promise<DuckDBConnection> {
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  return connection;
}

function wrap(connection: DuckDBConnection, instance: DuckDBInstance, closeInstance?: () => void): DuckDB {
  let closed = false;
  const query = async (sql: string, parameters?: Parameters): Promise<QueryResult> =>
    toResult(await perform(connection, sql, parameters));
  const ask = async (sql: string): Promise<QueryResult> => {
    const statements = await connection.extractStatements(sql).catch((thrown: unknown) => {
      // All that the driver has to say of a text without a statement.
      const empty = thrown instanceof Error && thrown.message === 'Error in native callback';
      throw empty ? new Error('one statement is needed, none is given') : thrown;
    });
    if (statements.count !== 1) throw new Error(`one statement is needed, ${statements.count} are given`);
    const statement = await statements.prepare(0);
    if (!reading.includes(statement.statementType)) throw new Error('only statements that read are allowed');
    return toResult(await statement.run());
  };
  return {
    ask,
    async run(sql, parameters) {
      await perform(connection, sql, parameters);
    },
    query,
    async rows<T>(sql: string, parameters?: Parameters) {
      return (await query(sql, parameters)).rows as readonly T[];
    },
    fork: async () => wrap(await connect(instance), instance),
    interrupt: () => connection.interrupt(),
    close() {
      if (closed) return;
      closed = true;
      connection.closeSync();
      closeInstance?.();
    },
  };
}

/** What the folders begin with that DuckDB spills to; then comes the id of the process that they belong to. */
const spillPrefix = 'spill-';

/** Removes the folders that processes which are no more have spilled to. */
export function removeDeadSpills(temporaryFolder: string): void {
  for (const name of existsSync(temporaryFolder) ? readdirSync(temporaryFolder) : []) {
    const pid = new RegExp(`^${spillPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(temporaryFolder, name), { recursive: true, force: true });
  }
}

/**
 * Opens a database file, or ':memory:'. Sessions count time in UTC and keep the order of rows. Extensions are neither
 * downloaded nor loaded from elsewhere. A read-only file may be open in any number of processes.
 */
export async function openDuckDB(path: string, limits: DuckDBLimits, readOnly = false): Promise<DuckDB> {
  mkdirSync(limits.temporaryFolder, { recursive: true });
  // A folder of its own: two databases that spill into the same one overwrite each other's files.
  const spill = mkdtempSync(join(limits.temporaryFolder, `${spillPrefix}${process.pid}-`));
  const removeSpill = (): void => rmSync(spill, { recursive: true, force: true });
  const options: Record<string, string> = {
    memory_limit: limits.memory,
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
  if (limits.threads !== undefined) options.threads = String(limits.threads);
  if (readOnly) options.access_mode = 'READ_ONLY';
  try {
    const instance = await DuckDBInstance.create(path, options);
    return wrap(await connect(instance), instance, () => {
      instance.closeSync();
      removeSpill();
    });
  } catch (thrown) {
    removeSpill();
    throw thrown;
  }
}

/**
 * Gives a database in memory a file to work in that counts only once it is complete: what is written to it lasts from the
 * next CHECKPOINT on, which DuckDB leaves to the caller. No statement waits for the disk, as it does where each is to outlast
 * a crash. Closing what this gives closes both.
 */
export async function attachDraft(duckdb: DuckDB, path: string): Promise<DuckDB> {
  const name = sqlName(databaseNameOf(path));
  await duckdb.run(`ATTACH ${sqlText(path)} AS ${name} (RECOVERY_MODE no_wal_writes); USE ${name};
SET checkpoint_threshold = '1TB'`);
  const fork = async (): Promise<DuckDB> => {
    const other = await duckdb.fork();
    await other.run(`USE ${name}`);
    return other;
  };
  return { ...duckdb, fork };
}

/** A text as an SQL literal. */
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The path of one file as an SQL literal for a function that reads files: such functions take patterns. */
export const sqlPath = (path: string): string => sqlText(path.replaceAll(/[*?[]/g, '[$&]'));

/** The name that DuckDB gives the database of a file. */
export function databaseNameOf(path: string): string {
  const name =
    basename(path)
      .split('.')
      .find((part) => part !== '') ?? '';
  return ['main', 'temp', 'system'].includes(name) ? `${name}_db` : name;
}

/** A name as an SQL identifier. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A relation over a file that PostgreSQL wrote by COPY ... TO (FORMAT csv), with these columns: name -> type. */
export function copiedRows(path: string, columns: Readonly<Record<string, string>>): string {
  const shape = Object.entries(columns).map(([name, type]) => `${sqlText(name)}: ${sqlText(type)}`);
  return `read_csv(${sqlPath(path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
  new_line = '\\n', hive_partitioning = false, columns = {${shape.join(', ')}})`;
}
