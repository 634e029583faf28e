/** The index of the ids of all events that were loaded, made anew when another version of DuckDB is to read it. */
import type { DuckDB } from '../../stores/duckdb/duckdb.ts';
import { registerFiles, retireFiles } from '../lake-files.ts';
import { requireLakeBalance } from '../production/ledger.ts';
import type { EventsContext } from './context.ts';
import { eventsDataset } from './day-files.ts';
import { currentOf, indexDataset, indexEvents, indexFolderOf } from './event-lake.ts';
import type { LoadedEvents } from './verdicts.ts';

/** What is in the lake already, for the search of ids that have come before. */
export async function loadedEvents({ postgres, lake, clock }: EventsContext, judge: DuckDB): Promise<LoadedEvents> {
  const folder = await indexFolderOf(judge);
  const index = await currentOf(postgres, indexDataset);
  const old = index.filter(({ path }) => !path.startsWith(`${folder}/`));
  if (old.length > 0) {
    const events = await currentOf(postgres, eventsDataset);
    const whole = await indexEvents(
      judge,
      lake,
      events.map(({ path }) => path),
      'whole',
    );
    await postgres.transaction(async (sql) => {
      await retireFiles(
        sql,
        index.map(({ path }) => path),
        clock(),
      );
      await registerFiles(sql, [whole], clock());
      await requireLakeBalance(sql);
    });
  }
  const located = async (dataset: string, days?: readonly string[]): Promise<readonly string[]> =>
    (await currentOf(postgres, dataset, days)).map(({ path }) => lake.locate(path));
  return { index: await located(indexDataset), filesOf: (days) => located(eventsDataset, days) };
}
