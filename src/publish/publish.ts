/**
 * Publication: the models are built into a DuckDB file, a copy of the published one or a new one, their tests are the gate,
 * then PostgreSQL's warehouse schema and the DuckDB file change over to it. A failure leaves yesterday's figures; a crash in
 * between is rolled forward.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { appendAudit } from '../audit/audit.ts';
import { lakeShapes } from '../ingest/events/lake-shape.ts';
import { extractShapes } from '../ingest/extract.ts';
import { currentFiles, type LakeFile } from '../ingest/lake-files.ts';
import { asMillraceError, lacksRoom, MillraceError } from '../kernel/errors.ts';
import { flush } from '../kernel/folders.ts';
import type { IdSource } from '../kernel/ids.ts';
import { allEnded } from '../kernel/promises.ts';
import type { Clock } from '../kernel/time.ts';
import { type DuckDB, type DuckDBLimits, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Lake } from '../stores/lake/lake.ts';
import type { Postgres, Sql } from '../stores/postgres/postgres.ts';
import type { NodeResult, RunResult } from '../transform/run/results.ts';
import type { Session } from '../transform/session.ts';
import { type Draft, type DraftAhead, discardDraft, draftAhead, draftPath, openDraft } from './draft.ts';
import {
  type Basis,
  findChanges,
  isComparable,
  publishedBasis,
  recordBuiltFrom,
  startAnew,
  startFromBasis,
} from './increment.ts';
import { ensureReaders, type ReaderRole } from './readers.ts';
import { keepFooters, sourceViews } from './sources.ts';
import { dropFormerStarSchemas, prepareStarSchema, switchStarSchema, type TableRows } from './star-schema.ts';
import { isCopyNeeded, updateStarSchema } from './update-star-schema.ts';
import { publishedPath, warehouseFolder } from './warehouse.ts';

/** What a publication needs of its surroundings. */
export interface PublishContext {
  readonly home: string;
  readonly postgres: Postgres;
  readonly lake: Lake;
  readonly duckdb: DuckDBLimits;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** The version of Millrace. */
  readonly version: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** What came of asking for a publication. */
export interface PublishResult {
  readonly publication: string;
  /** False when models, settings and lake were those of the published warehouse, which then stays. */
  readonly published: boolean;
  /** The publication that the build started from; undefined when it built everything anew. */
  readonly basis?: string | undefined;
  readonly nodes: readonly NodeResult[];
  /** Rows per table of the star schema. */
  readonly rows: Readonly<Record<string, number>>;
}

const projectFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(sql|ya?ml|csv)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[\\/](target|logs|dbt_packages)[\\/]/.test(path.slice(folder.length)))
    .sort();

/** What builds: rows that were built by the same can be taken over. */
function builderHash({ currency, timeZone, version }: PublishContext, project: Session): string {
  const hash = createHash('sha256').update(`${currency}\n${timeZone}\n${version}\n`);
  // The columns of the sources.
  hash.update(JSON.stringify([lakeShapes, extractShapes]));
  for (const path of projectFiles(project.folder)) {
    hash.update(`${path.slice(project.folder.length)}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** A build is known by what builds, and by what the files of the lake hold. */
function inputHash({ lake }: PublishContext, builtBy: string, files: readonly LakeFile[]): string {
  // The place too: views of the build name it.
  const hash = createHash('sha256').update(`${builtBy}\n${lake.locate('')}\n`);
  const inputs = new Set(files.map(({ dataset, identity }) => `${dataset} ${identity}\n`));
  for (const input of [...inputs].sort()) hash.update(input);
  return hash.digest('hex');
}

const createPublication = (context: PublishContext, id: string, publishedAt: Date, builtBy: string): string =>
  `CREATE SCHEMA IF NOT EXISTS ops;
CREATE OR REPLACE TABLE ops.publication AS SELECT ${sqlText(id)} AS publication_id,
  TIMESTAMPTZ ${sqlText(publishedAt.toISOString())} AS published_at, ${sqlText(context.currency)} AS currency,
  ${sqlText(context.timeZone)} AS time_zone, ${sqlText(builtBy)} AS built_by;`;

/**
 * Errors: MR-TRF-005 when a model or unit test failed, but MR-MEM-001 or MR-DSK-001 where that was for want of room, and
 * MR-TRF-006 when tests of severity error failed.
 */
function gate({ results }: RunResult, home: string): void {
  const broken = results.find(({ status }) => status === 'error' || status === 'partial success');
  if (broken) {
    const { name, path, message } = broken;
    const thrown = new Error(message ?? undefined);
    if (lacksRoom(thrown)) throw asMillraceError(thrown, home);
    throw new MillraceError('MR-TRF-005', { node: name, problem: thrown.message, path });
  }
  const failed = results.filter(({ status }) => status === 'fail');
  if (failed.length > 0) {
    const total = results.filter(({ resource_type }) => ['test', 'unit_test'].includes(resource_type)).length;
    const names = failed.map(({ name, failures }) => `${name} (${failures ?? 0} rows)`).join(', ');
    throw new MillraceError('MR-TRF-006', { failed: failed.length, total, names });
  }
}

/** How a warehouse is built. */
export interface BuildOptions extends Pick<PublishOptions, 'unitTests' | 'onNode'> {
  /** Nodes at once; without it, as many as the project's target says. */
  readonly threads?: number;
  /** False where the file is put on the disk later: that is otherwise done while the artifacts are written. */
  readonly checkpoint?: boolean;
}

/** Most statements of an increment are small and keep one core busy, if that. */
const incrementThreads = 2;

/** Builds all of the project in an open database, over what `sourceViews` gave. */
export async function buildWarehouse(
  duckdb: DuckDB,
  project: Session,
  sources: string,
  { unitTests = false, threads, checkpoint = true, onNode }: BuildOptions = {},
): Promise<RunResult> {
  await duckdb.run(sources);
  // The order of rows means nothing; to keep it, DuckDB gathers blocks for each of the lake's many small files.
  await duckdb.run('SET preserve_insertion_order = false');
  const { ids } = project.select(unitTests ? {} : { exclude: ['resource_type:unit_test'] });
  return project.run(duckdb, {
    command: 'build',
    selected: ids,
    compiledFiles: false,
    checkpoint,
    ...(threads === undefined ? {} : { threads }),
    ...(onNode ? { onResult: onNode } : {}),
  });
}

async function finish(
  context: Pick<PublishContext, 'home' | 'postgres'>,
  publication: string,
  file: string,
): Promise<void> {
  if (existsSync(file)) {
    await rename(file, publishedPath(context.home));
    await flush(warehouseFolder(context.home));
  }
  await context.postgres.run(`UPDATE ops.publications SET state = 'published' WHERE publication_id = $1`, [
    publication,
  ]);
  await dropFormerStarSchemas(context.postgres);
}

/**
 * Ends what a killed publication began: one that PostgreSQL has switched to gets its DuckDB file renamed; star schemas
 * put aside and files of builds that did not get so far are removed. Gives the publication that was rolled forward.
 */
export async function recoverPublication(
  context: Pick<PublishContext, 'home' | 'postgres'>,
): Promise<string | undefined> {
  const [pending] = await context.postgres.rows<{ publication_id: string; file: string }>(
    `SELECT publication_id, file FROM ops.publications WHERE state = 'switched' ORDER BY published_at DESC LIMIT 1`,
  );
  if (pending) await finish(context, pending.publication_id, join(warehouseFolder(context.home), pending.file));
  else await dropFormerStarSchemas(context.postgres);
  const folder = warehouseFolder(context.home);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (name.startsWith('build-')) rmSync(join(folder, name), { force: true });
  }
  return pending?.publication_id;
}

async function isPublished(context: PublishContext, hash: string): Promise<string | undefined> {
  const [latest] = await context.postgres.rows<{ publication_id: string; input_hash: string }>(
    'SELECT publication_id, input_hash FROM ops.publications ORDER BY published_at DESC LIMIT 1',
  );
  if (latest?.input_hash !== hash) return undefined;
  return statSync(publishedPath(context.home), { throwIfNoEntry: false }) ? latest.publication_id : undefined;
}

/** A build that is about to be published. */
interface Candidate {
  readonly id: string;
  readonly file: string;
  readonly hash: string;
  readonly at: Date;
  /** The publication that it started from. */
  readonly basis: string | undefined;
  /** Called when PostgreSQL is about to be told: from then on the file may count. */
  readonly onBook: () => void;
}

/** Notes that PostgreSQL has a publication, in the transaction that gives it to PostgreSQL; its file is then complete. */
async function bookSwitch(
  context: PublishContext,
  sql: Sql,
  duckdb: DuckDB,
  { id, file, hash, at, onBook }: Candidate,
  rows: TableRows,
): Promise<void> {
  onBook();
  await sql.run(
    `INSERT INTO ops.publications (publication_id, file, state, input_hash, published_at) VALUES ($1, $2, 'switched', $3, $4)`,
    [id, file, hash, at],
  );
  await appendAudit(sql, { action: 'publish', subject: id, details: { rows } }, context.clock);
  duckdb.close();
  await flush(draftPath(context.home, id));
}

/** Changes the rows of the published tables; undefined when these are to be replaced. */
async function update(
  context: PublishContext,
  duckdb: DuckDB,
  { manifest }: Session,
  candidate: Candidate,
  roles: readonly ReaderRole[],
): Promise<TableRows | undefined> {
  const { basis } = candidate;
  if (basis === undefined) return undefined;
  const { temporaryFolder } = context.duckdb;
  const publishedFile = publishedPath(context.home);
  const { postgres } = context;
  const options = { manifest, postgres, basis, publishedFile, publication: candidate.id, roles, temporaryFolder };
  const updating = postgres.transaction(async (sql) => {
    const rows = await updateStarSchema(sql, duckdb, options);
    await bookSwitch(context, sql, duckdb, candidate, rows);
    return rows;
  });
  return updating.catch((thrown: unknown) => {
    if (isCopyNeeded(thrown)) return undefined;
    throw thrown;
  });
}

/** Replaces the published tables by new ones. */
async function replace(
  context: PublishContext,
  duckdb: DuckDB,
  { manifest }: Session,
  candidate: Candidate,
  roles: readonly ReaderRole[],
): Promise<TableRows> {
  await duckdb.run('CHECKPOINT');
  return context.postgres.transaction(async (sql) => {
    const rows = await prepareStarSchema(sql, duckdb, manifest, context.duckdb.temporaryFolder, roles);
    await bookSwitch(context, sql, duckdb, candidate, rows);
    await switchStarSchema(sql, candidate.id, manifest, rows);
    return rows;
  });
}

/** Gives PostgreSQL what the build holds, and puts that on the disk. */
async function switchOver(
  context: PublishContext,
  duckdb: DuckDB,
  project: Session,
  candidate: Candidate,
): Promise<TableRows> {
  const roles = await ensureReaders(context.postgres);
  const updated = await update(context, duckdb, project, candidate, roles);
  return updated ?? replace(context, duckdb, project, candidate, roles);
}

/** How a publication is asked for. */
export interface PublishOptions {
  /** Builds also what is published already. */
  readonly always?: boolean;
  /** Builds everything anew. */
  readonly fullRefresh?: boolean;
  /** Runs the unit tests too: they say something of the models' SQL, nothing of the rows. */
  readonly unitTests?: boolean;
  readonly onNode?: (result: NodeResult) => void;
  /** A draft that may have been begun; what this publication does not take is still to be discarded. */
  readonly ahead?: DraftAhead;
}

/**
 * Reads the project, and again only where its files have changed meanwhile: what is published is known by the files that it
 * was made of.
 */
export function readUnchanged(context: PublishContext, loadProject: () => Promise<Session>): () => Promise<Session> {
  let read: { readonly project: Session; readonly builtBy: string } | undefined;
  return async () => {
    if (read && builderHash(context, read.project) === read.builtBy) return read.project;
    const project = await loadProject();
    read = { project, builtBy: builderHash(context, project) };
    return project;
  };
}

/** Waits for the file of a draft, and reads what a build will ask for first; undefined, and no draft, where that fails. */
async function completeDraft({ postgres, lake }: PublishContext, draft: Draft): Promise<Draft | undefined> {
  try {
    await draft.file;
    await keepFooters(draft.memory, lake, await currentFiles(postgres, 'lake.'));
    return draft;
  } catch {
    await discardDraft(draft);
    return undefined;
  }
}

/** Makes a draft that starts from what is published now, for a build of this project; to be begun as soon as one is likely. */
export const prepareDraft = (context: PublishContext, loadProject: () => Promise<Session>): DraftAhead =>
  draftAhead(async () => {
    const project = await loadProject();
    const basis = await publishedBasis(context.home, context.duckdb, builderHash(context, project));
    return basis && completeDraft(context, await openDraft(context, project.manifest, basis));
  });

/** The draft to build in: the one that was made ahead, or else a new one. */
async function chooseDraft(
  context: PublishContext,
  project: Session,
  files: readonly LakeFile[],
  builtBy: string,
  { fullRefresh, ahead }: PublishOptions,
): Promise<Draft> {
  const { home, lake, duckdb } = context;
  const usable = async (basis: Basis | undefined): Promise<Basis | undefined> =>
    basis?.builtBy === builtBy && (await isComparable(lake, basis, files)) ? basis : undefined;
  if (fullRefresh) return openDraft(context, project.manifest, undefined);
  const made = await ahead?.take();
  let taken: Draft | undefined;
  try {
    taken = (await usable(made?.basis)) && made;
  } finally {
    if (made && !taken) await discardDraft(made);
  }
  if (taken) return taken;
  return openDraft(context, project.manifest, await usable(await publishedBasis(home, duckdb, builtBy)));
}

/** Makes a draft ready for the models; gives its file, and the views of their sources. */
async function startBuild(
  { memory, file, basis }: Draft,
  lake: Lake,
  files: readonly LakeFile[],
): Promise<{ readonly duckdb: DuckDB; readonly sources: string }> {
  const lookAtSources = async (): Promise<string> => {
    if (basis) await findChanges(memory, lake, basis, files);
    return sourceViews(memory, lake, files);
  };
  const [sources, duckdb] = await allEnded([lookAtSources(), file]);
  await (basis ? startFromBasis(duckdb) : startAnew(duckdb));
  memory.close();
  return { duckdb, sources };
}

/**
 * Builds and publishes, unless what would be built is already published. What was built by the same models, settings and
 * version is taken over, and brought up to date.
 * Errors: MR-TRF-005, MR-TRF-006, MR-MEM-001, MR-DSK-001; the published warehouse is then as it was.
 */
export async function publish(
  context: PublishContext,
  project: Session,
  files: readonly LakeFile[],
  options: PublishOptions = {},
): Promise<PublishResult> {
  const { always = false, fullRefresh = false, unitTests = false, onNode } = options;
  const builtBy = builderHash(context, project);
  const hash = inputHash(context, builtBy, files);
  const current = always || fullRefresh ? undefined : await isPublished(context, hash);
  if (current) return { publication: current, published: false, nodes: [], rows: {} };
  const draft = await chooseDraft(context, project, files, builtBy, options);
  const { publication: id, path } = draft;
  const basis = draft.basis?.publication;
  const at = context.clock();
  let mayCount = false;
  try {
    const { duckdb, sources } = await startBuild(draft, context.lake, files);
    const result = await buildWarehouse(duckdb, project, sources, {
      unitTests,
      ...(basis === undefined ? {} : { threads: incrementThreads, checkpoint: false }),
      ...(onNode ? { onNode } : {}),
    });
    gate(result, context.home);
    await duckdb.run(`${createPublication(context, id, at, builtBy)} ${recordBuiltFrom(files)}`);
    const onBook = (): void => {
      mayCount = true;
    };
    const candidate = { id, file: basename(path), hash, at, basis, onBook };
    const rows = await switchOver(context, duckdb, project, candidate);
    await finish(context, id, path);
    return { publication: id, published: true, basis, nodes: result.results, rows };
  } finally {
    // What fails once the file may count is rolled forward, or removed, by recoverPublication.
    if (mayCount) draft.instance.close();
    else await discardDraft(draft);
  }
}
