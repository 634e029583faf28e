/** Work on several items at once, each on a connection of its own to the same DuckDB. */
import { allEnded } from '../kernel/promises.ts';
import type { DuckDB } from '../stores/duckdb/duckdb.ts';

/** Works on all items, on so many connections. After an error no item is begun. */
export async function onConnections<T>(
  duckdb: DuckDB,
  connections: number,
  items: readonly T[],
  work: (connection: DuckDB, item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const workers = items.slice(0, connections).map(async () => {
    const connection = await duckdb.fork();
    try {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(connection, item);
    } finally {
      left.length = 0;
      connection.close();
    }
  });
  await allEnded(workers);
}
