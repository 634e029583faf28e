/** The connections of a run, one per thread. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';

/** A thread of the run: its connection and what results call it. */
export interface Worker {
  readonly name: string;
  readonly duckdb: DuckDB;
}

interface Setting {
  readonly name: string;
  readonly value: string | null;
}

const localSettings = `select name, value from duckdb_settings() where scope = 'LOCAL'`;

/** Makes a connection's own settings those of another. */
async function copySettings(settings: readonly Setting[], to: DuckDB): Promise<void> {
  const own = new Map((await to.rows<Setting>(localSettings)).map(({ name, value }) => [name, value]));
  for (const { name, value } of settings.filter((setting) => own.get(setting.name) !== setting.value)) {
    // Some settings are shown but cannot be set; a connection without them serves as well.
    await to.run(`set session ${name} = '${(value ?? '').replaceAll("'", "''")}'`).catch(() => undefined);
  }
}

/** Connections that are lent to one node at a time; the first is the caller's own. */
export class Workers {
  readonly #main: DuckDB;
  readonly #settings: readonly Setting[];
  readonly #free: Worker[] = [];
  readonly #made: Worker[] = [];
  readonly #limit: number;
  #interrupting: NodeJS.Timeout | undefined;

  private constructor(main: DuckDB, settings: readonly Setting[], limit: number) {
    this.#main = main;
    this.#settings = settings;
    this.#limit = limit;
  }

  /** Asks for the settings of the caller's connection now: later it may be at work. */
  static async over(main: DuckDB, limit: number): Promise<Workers> {
    return new Workers(main, limit > 1 ? await main.rows<Setting>(localSettings) : [], Math.max(1, limit));
  }

  get hasFree(): boolean {
    return this.#free.length > 0 || this.#made.length < this.#limit;
  }

  /** Lends a connection; one that is not lent back is not lent again. */
  async take(): Promise<Worker> {
    const free = this.#free.pop();
    if (free) return free;
    const first = this.#made.length === 0;
    const name = `Thread-${this.#made.length + 1} (worker)`;
    const pending: { name: string; duckdb: DuckDB } = { name, duckdb: this.#main };
    this.#made.push(pending);
    if (!first) {
      pending.duckdb = await this.#main.fork();
      await copySettings(this.#settings, pending.duckdb);
    }
    return pending;
  }

  giveBack(worker: Worker): void {
    this.#free.push(worker);
  }

  /**
   * Stops the statements that run, again and again until the connections are closed: DuckDB forgets an interruption that
   * comes just before a statement begins.
   */
  interrupt(): void {
    const stop = (): void => {
      for (const { duckdb } of this.#made) duckdb.interrupt();
    };
    stop();
    this.#interrupting ??= setInterval(stop, 100);
  }

  /** Closes the connections that were made for the run. */
  close(): void {
    clearInterval(this.#interrupting);
    for (const { duckdb } of this.#made) if (duckdb !== this.#main) duckdb.close();
  }
}
