/** The connection on which one node is built: its statements, and the transaction they may stand in. */
import type { DuckDB, QueryResult } from '../../stores/duckdb/duckdb.ts';

/** DuckDB's words for what it objected to, with the statement as it was sent. */
export class StatementError extends Error {
  readonly sql: string;

  constructor(message: string, sql: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StatementError';
    this.sql = sql;
  }
}

/** What a statement came to: its rows if there are any, and how many it wrote. */
export interface Executed {
  readonly result: QueryResult;
  readonly rowsAffected: number | undefined;
}

const nothing: Executed = { result: { columns: [], rows: [] }, rowsAffected: undefined };

/** What the driver puts before DuckDB's own words. */
const driverWords = /^Failed to extract statements: /;

const messageOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).replace(driverWords, '').trim();

const isBlank = (sql: string): boolean => sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\/|[\s;]/g, '') === '';

function rowsWritten({ columns, rows }: QueryResult): number | undefined {
  const count = columns.length === 1 && columns[0]?.name === 'Count' ? rows[0]?.Count : undefined;
  return typeof count === 'number' ? count : undefined;
}

/** Statements on one connection. With `transactional`, the first one that asks for it begins a transaction. */
export class Session {
  readonly duckdb: DuckDB;
  readonly #transactional: boolean;
  readonly #signal: AbortSignal | undefined;
  #open = false;

  constructor(duckdb: DuckDB, transactional: boolean, signal?: AbortSignal) {
    this.duckdb = duckdb;
    this.#transactional = transactional;
    this.#signal = signal;
  }

  async execute(sql: string, autoBegin = false): Promise<Executed> {
    if (isBlank(sql)) return nothing;
    this.#signal?.throwIfAborted();
    if (autoBegin) await this.begin();
    try {
      const result = await this.duckdb.query(sql);
      return { result, rowsAffected: rowsWritten(result) };
    } catch (thrown) {
      throw new StatementError(messageOf(thrown), sql, thrown);
    }
  }

  /** Begins a transaction, unless one is open or none is needed. */
  async begin(): Promise<void> {
    if (!this.#transactional || this.#open) return;
    await this.duckdb.run('begin');
    this.#open = true;
  }

  async commit(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.duckdb.run('commit');
  }

  async rollback(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    // What failed may have ended the transaction already.
    await this.duckdb.run('rollback').catch(() => undefined);
  }
}
