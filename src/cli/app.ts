/** What the commands are given: settings, output, and the stores, opened when a command asks for them. */
import type { Config } from '../kernel/config.ts';
import type { Logger } from '../kernel/log.ts';
import type { Clock } from '../kernel/time.ts';
import type { PipelineContext } from '../pipeline/run.ts';
import type { WarehouseReader } from '../publish/warehouse.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';
import type { CompiledModel } from '../transform/lineage/lineage.ts';

/** Where a command writes to. */
export interface Output {
  /** The result, on stdout. */
  readonly print: (text: string) => void;
  /** What is under way, on stderr: a spinner on a terminal, nothing elsewhere. */
  readonly progress: (text: string) => void;
  /** Something worth knowing that is no result, on stderr. */
  readonly note: (text: string) => void;
  /** Takes the spinner away. */
  readonly settle: () => void;
}

/** The program as its commands see it. */
export interface App {
  readonly config: Config;
  readonly clock: Clock;
  readonly output: Output;
  /** The folder of this program's own models. */
  readonly models: string;
  /** Variables that templates may ask for. */
  readonly env: (name: string) => string | undefined;
  /** Gives a UUID, for what dbt calls an invocation. */
  readonly uuid: () => string;
  /** The folder of the built dashboard. */
  readonly dashboard: string;
  /** Opens the log of MILLRACE_LOG_LEVEL. */
  openLog(): Promise<Logger>;
  /** Opens PostgreSQL (with its schema brought up to date) and the lake for the work, and closes them after it. */
  withPipeline<T>(work: (context: PipelineContext) => Promise<T>): Promise<T>;
  /** Opens the published warehouse for the work. Errors: MR-QRY-001. */
  withWarehouse<T>(work: (duckdb: DuckDB) => Promise<T>): Promise<T>;
  /** A warehouse that follows publications. */
  openWarehouseReader(): Promise<WarehouseReader>;
  /** The models as DuckDB gets them, in the order in which they are built; templates may ask the database. Errors: MR-TRF. */
  compiledModels(duckdb: DuckDB): Promise<readonly CompiledModel[]>;
  /** Resolves when the user asks the program to end. */
  untilInterrupted(): Promise<void>;
}
