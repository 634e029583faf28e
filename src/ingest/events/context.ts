/** What loads of events need of their surroundings. */
import type { EventContract } from '../../contracts/events/event-contract.ts';
import type { Clock } from '../../kernel/time.ts';
import type { DuckDBLimits } from '../../stores/duckdb/duckdb.ts';
import type { Lake } from '../../stores/lake/lake.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';

/** What a load of events needs of its surroundings. */
export interface EventsContext {
  readonly postgres: Postgres;
  readonly lake: Lake;
  readonly duckdb: DuckDBLimits;
  readonly clock: Clock;
  readonly eventContract: EventContract;
  /** The key of the hashes that stand in place of ids that are personal data. */
  readonly pseudonymKey: string;
  /** The folder in which received files of events are kept. */
  readonly rawEvents: string;
}
