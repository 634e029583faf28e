/** Drafts made ahead of their build: when a build takes one, when it makes another, and that none stays behind. */
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ShopFiles, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline, type Pipeline, smallShopAnd, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
import { type PipelineContext, type RunResult, run } from '../pipeline/run.ts';
import type { Session } from '../transform/session.ts';
import { prepareDraft, publish } from './publish.ts';
import { publishedPath, warehouseFolder } from './warehouse.ts';

const projectOf = (select: string): Promise<Session> =>
  smallWarehouse({
    'dbt_project.yml': 'name: shop\n',
    'models/made.sql': `{{ config(materialized='incremental') }} ${select}`,
  });

const drafts = ({ home }: Pipeline): readonly string[] =>
  readdirSync(warehouseFolder(home)).filter((name) => name.startsWith('build-'));

interface Home {
  readonly context: Pipeline;
  readonly load: (files: ShopFiles, other?: Partial<PipelineContext>) => Promise<RunResult>;
  /** How often the project was asked for. */
  readonly asked: () => number;
}

/** A home with a publication of a small project. */
async function published(): Promise<Home> {
  const project = projectOf('select 1 as n');
  let asked = 0;
  const loadProject = (): Promise<Session> => {
    asked += 1;
    return project;
  };
  const context = await makePipeline(undefined, { loadProject });
  const load: Home['load'] = (files, other) =>
    run({ ...context, ...other }, { source: 'csv', path: writeFiles(files), preset: undefined, asOf: undefined });
  await load(smallShop);
  return { context, load, asked: () => asked };
}

const moreFiles = smallShopAnd({
  'customers.csv': ['C9,Ada,Berg,c9@example.com,,2024-01-02,Bath,,United Kingdom,25-34'],
});

/** Publishes with a draft that was begun, as a run does; gives what it started from, and whether it was taken. */
async function publishAhead(context: Pipeline, project: Promise<Session>) {
  const ahead = prepareDraft(context, () => project);
  ahead.begin();
  ahead.begin();
  const made = await ahead.take();
  const given = { begin: () => undefined, take: async () => made, discard: async () => undefined };
  const options = { always: true, ahead: given };
  const { basis, publication } = await publish(context, await project, await currentFiles(context.postgres), options);
  return { basis, taken: publication === made?.publication, made: made !== undefined };
}

test('a run builds in the draft that was made while it loaded', async () => {
  const { context, load, asked } = await published();
  const before = asked();
  const atSteps: number[] = [];
  const ids: string[] = [];
  const { publication } = await load(moreFiles, {
    progress: { ...context.progress, step: () => atSteps.push(asked() - before) },
    ids: (kind) => {
      ids.push(kind);
      return context.ids(kind);
    },
  });
  expect(publication).toMatchObject({ published: true, basis: expect.any(String) });
  // Loading, extracting, building: the project was asked for in the first, and only one draft was made.
  expect(atSteps).toEqual([0, 1, 1]);
  expect(ids.filter((kind) => kind === 'pub')).toEqual(['pub']);
  expect(drafts(context)).toEqual([]);
});

test('a run that fails leaves none behind, nor does one that finds nothing new', async () => {
  const { context, load, asked } = await published();
  const before = asked();
  await expect(load({ ...smallShop, 'products.csv': 'product_id,product_name\nP1,Kettle\n' })).rejects.toMatchObject({
    code: 'MR-IN-004',
  });
  expect(asked()).toBe(before + 1);
  expect(drafts(context)).toEqual([]);
  expect((await load(smallShop)).publication.published).toBe(false);
  expect(drafts(context)).toEqual([]);
});

test('a build takes what was made ahead, of what is published and by the same', async () => {
  const { context } = await published();
  const same = context.loadProject();
  expect(await publishAhead(context, same)).toMatchObject({ taken: true, basis: expect.any(String) });
  expect(drafts(context)).toEqual([]);
  expect(await publishAhead(context, projectOf('select 2 as n'))).toEqual({
    taken: false,
    made: false,
    basis: undefined,
  });
  expect(drafts(context)).toEqual([]);
});

test('a draft whose rows cannot be compared with those of now makes room for another', async () => {
  const { context } = await published();
  const retire = (): Promise<unknown> =>
    context.postgres.run(`UPDATE ops.lake_files SET registered_at = now() WHERE dataset LIKE 'production.%'`);
  const ahead = prepareDraft(context, context.loadProject);
  ahead.begin();
  await extractProduction(context);
  await retire();
  const files = await currentFiles(context.postgres);
  const { basis } = await publish(context, await context.loadProject(), files, { always: true, ahead });
  expect(basis).toBe(undefined);
  expect(drafts(context)).toEqual([]);
});

test('what hinders a draft hinders the build only where it still does', async () => {
  const { context } = await published();
  rmSync(publishedPath(context.home));
  symlinkSync('/nowhere', publishedPath(context.home));
  const ahead = prepareDraft(context, context.loadProject);
  ahead.begin();
  expect(await ahead.take()).toBe(undefined);
  rmSync(publishedPath(context.home));
  const files = await currentFiles(context.postgres);
  const { published: done } = await publish(context, await context.loadProject(), files, { always: true, ahead });
  expect(done).toBe(true);
});

test('one that is not taken is discarded', async () => {
  const { context } = await published();
  const ahead = prepareDraft(context, context.loadProject);
  ahead.begin();
  await ahead.discard();
  expect(drafts(context)).toEqual([]);
  expect(await ahead.take()).toBe(undefined);
});
