/** What a home holds, and whether its books are in order. */
import { verifyAudit } from '../audit/audit.ts';
import { tableNames } from '../contracts/tables.ts';
import { findDifferences } from '../ingest/production/ledger.ts';
import type { Sql } from '../stores/postgres/postgres.ts';
import type { PipelineContext } from './run.ts';
import { knownSources, type Source } from './sources.ts';

/** A home at a glance. */
export interface Status {
  readonly home: string;
  readonly sources: readonly Pick<Source, 'source' | 'kind' | 'preset' | 'input'>[];
  readonly batches: number;
  readonly production: Readonly<Record<string, number>>;
  /** Rows of each dataset of the lake that comes from files of its own. */
  readonly lake: Readonly<Record<string, number>>;
  readonly quarantined: number;
  readonly lastRun: { readonly run: string; readonly startedAt: string; readonly outcome: string } | undefined;
  readonly publication: { readonly id: string; readonly publishedAt: string } | undefined;
}

async function count(sql: Sql, relation: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${relation}`);
  return row?.count ?? 0;
}

/** Reads the status. */
export async function readStatus({ home, postgres }: PipelineContext): Promise<Status> {
  const production: Record<string, number> = {};
  for (const table of tableNames) production[table] = await count(postgres, `production.${table}`);
  const [lastRun] = await postgres.rows<{ run: string; started_at: Date; outcome: string }>(
    `SELECT run_id AS run, started_at, coalesce(outcome, 'not ended') AS outcome FROM ops.runs ORDER BY started_at DESC LIMIT 1`,
  );
  const [publication] = await postgres.rows<{ id: string; published_at: Date }>(
    'SELECT publication_id AS id, published_at FROM ops.publications ORDER BY published_at DESC LIMIT 1',
  );
  const lake = await postgres.rows<{ dataset: string; rows: number }>(
    `SELECT substr(dataset, 6) AS dataset, sum(rows)::bigint AS rows FROM ops.lake_files
     WHERE starts_with(dataset, 'lake.') AND retired_at IS NULL GROUP BY 1 ORDER BY 1`,
  );
  const sources = await knownSources(postgres);
  return {
    home,
    sources: sources.map(({ source, kind, preset, input }) => ({ source, kind, preset, input })),
    batches: await count(postgres, 'ops.batches WHERE reverted_at IS NULL'),
    production,
    lake: Object.fromEntries(lake.map(({ dataset, rows }) => [dataset, rows])),
    quarantined: await count(postgres, `ops.quarantine WHERE state = 'open'`),
    lastRun: lastRun && { run: lastRun.run, startedAt: lastRun.started_at.toISOString(), outcome: lastRun.outcome },
    publication: publication && { id: publication.id, publishedAt: publication.published_at.toISOString() },
  };
}

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly finding: string;
}

/** Checks the books: ledger against production and the lake, the lake's files, and the chain of the audit log. */
export async function checkBooks({ postgres, lake }: PipelineContext): Promise<readonly Check[]> {
  const wrong = await findDifferences(postgres);
  const [entries] = await postgres.rows<{ count: number }>('SELECT count(*) AS count FROM ops.ledger');
  const audit = await verifyAudit(postgres);
  const registered = await postgres.rows<{ path: string; bytes: number }>(
    'SELECT path, bytes FROM ops.lake_files WHERE retired_at IS NULL',
  );
  const sizes = await Promise.all(registered.map(({ path }) => lake.size(path)));
  const damaged = registered.filter(({ bytes }, place) => sizes[place] !== bytes).map(({ path }) => path);
  return [
    {
      name: 'ledger',
      ok: wrong.length === 0,
      finding:
        wrong.length === 0 ? `${entries?.count ?? 0} entries agree with production and the lake` : wrong.join('; '),
    },
    {
      name: 'lake',
      ok: damaged.length === 0,
      finding:
        damaged.length === 0
          ? `${registered.length} files as they are registered`
          : `missing or of another size: ${damaged.slice(0, 5).join(', ')}${damaged.length > 5 ? ` and ${damaged.length - 5} more` : ''}`,
    },
    {
      name: 'audit log',
      ok: audit.firstWrong === undefined,
      finding:
        audit.firstWrong === undefined
          ? `${audit.entries} entries, chain unbroken`
          : `entry ${audit.firstWrong} of ${audit.entries} was changed`,
    },
  ];
}
