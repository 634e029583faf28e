/** Drafts made ahead of their build: when a build takes one, when it makes another, and that none stays behind. */
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { smallShop } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
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

/** A home with a publication of a small project. */
async function published(): Promise<Pipeline> {
  const project = projectOf('select 1 as n');
  const context = await makePipeline(undefined, { loadProject: () => project });
  await load(context.postgres, smallShop, { clock: context.clock });
  await extractProduction(context);
  await publish(context, await project, await currentFiles(context.postgres));
  return context;
}

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

test('a build takes what was made ahead, of what is published and by the same', async () => {
  const context = await published();
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
  const context = await published();
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
  const context = await published();
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
  const context = await published();
  const ahead = prepareDraft(context, context.loadProject);
  ahead.begin();
  await ahead.discard();
  expect(drafts(context)).toEqual([]);
  expect(await ahead.take()).toBe(undefined);
});
