/** Drafts made ahead of their build: when a build takes one, when it makes another, and that none stays behind. */
import { mkdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { smallShop } from '../../tests/setup/fixtures.ts';
import { draftsIn, load, makePipeline, type Pipeline, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
import type { Session } from '../transform/session.ts';
import { draftPath } from './draft.ts';
import { prepareDraft, publish } from './publish.ts';

const projectOf = (select: string): Promise<Session> =>
  smallWarehouse({
    'dbt_project.yml': 'name: shop\n',
    'models/made.sql': `{{ config(materialized='incremental') }} ${select}`,
  });

/** A home with a publication of a small project. */
async function published(): Promise<Pipeline> {
  const project = projectOf('select 1 as n');
  const context = await makePipeline(undefined, { loadProject: () => project });
  await load(context.postgres, smallShop, { clock: context.clock });
  await extractProduction(context);
  await publish(context, await project, await currentFiles(context.postgres));
  return context;
}

interface Ahead {
  readonly context: Pipeline;
  readonly project: Promise<Session>;
  /** The project that the draft is for, if that is another. */
  readonly madeFor?: Promise<Session>;
  /** What happens once the draft is there. */
  readonly between?: () => unknown;
}

/** Publishes with a draft that was begun ahead; tells what it started from, which drafts were made, and which one it took. */
async function publishAhead({ context, project, madeFor = project, between }: Ahead) {
  const ids: string[] = [];
  const counting: Pipeline = {
    ...context,
    ids: (kind) => {
      const id = context.ids(kind);
      ids.push(id);
      return id;
    },
  };
  const ahead = prepareDraft(counting, () => madeFor);
  ahead.begin();
  ahead.begin();
  const made = await ahead.take();
  await between?.();
  const given = { ...ahead, take: async () => made };
  const files = await currentFiles(context.postgres);
  const { basis, publication } = await publish(counting, await project, files, { always: true, ahead: given });
  expect(draftsIn(context)).toEqual([]);
  return {
    isIncrement: basis !== undefined,
    made: made !== undefined,
    drafts: ids.length,
    took: ids.indexOf(publication),
  };
}

test('a build takes the draft that was made ahead, of what is published and by the same', async () => {
  const context = await published();
  const project = context.loadProject();
  expect(await publishAhead({ context, project })).toEqual({ isIncrement: true, made: true, drafts: 1, took: 0 });
});

test('none is made for a project that has not built what is published', async () => {
  const context = await published();
  const project = projectOf('select 2 as n');
  expect(await publishAhead({ context, project })).toEqual({ isIncrement: false, made: false, drafts: 1, took: 0 });
});

test('one that is made for another project, or whose rows cannot be compared with those of now, makes room', async () => {
  const context = await published();
  const former = context.loadProject();
  const project = projectOf('select 2 as n');
  const another = { isIncrement: false, made: true, drafts: 2, took: 1 };
  expect(await publishAhead({ context, project, madeFor: former })).toEqual(another);
  const between = (): Promise<unknown> =>
    context.postgres.run(`UPDATE ops.lake_files SET registered_at = now() WHERE dataset LIKE 'production.%'`);
  expect(await publishAhead({ context, project, between })).toEqual(another);
});

test('what hinders a draft hinders the build only where it still does', async () => {
  const context = await published();
  const project = context.loadProject();
  // The first id that a draft gets is that of a folder which is in its way.
  let place = '';
  const hindered: Pipeline = {
    ...context,
    ids: (kind) => {
      const id = context.ids(kind);
      if (place === '') {
        place = draftPath(context.home, id);
        mkdirSync(place);
      }
      return id;
    },
  };
  const ahead = prepareDraft(hindered, () => project);
  ahead.begin();
  expect(await ahead.take()).toBe(undefined);
  expect(place).not.toBe('');
  rmSync(place, { recursive: true, force: true });
  const failing = prepareDraft(context, () => Promise.reject(new Error('planted')));
  failing.begin();
  const files = await currentFiles(context.postgres);
  expect(await publish(context, await project, files, { always: true, ahead: failing })).toMatchObject({
    published: true,
    basis: expect.any(String),
  });
});

test('one that is not taken is discarded', async () => {
  const context = await published();
  const ahead = prepareDraft(context, context.loadProject);
  ahead.begin();
  await ahead.discard();
  expect(draftsIn(context)).toEqual([]);
  expect(await ahead.take()).toBe(undefined);
});
