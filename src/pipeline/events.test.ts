/** What can be done about events after they came: fixed and replayed, put together, pruned; and what drift tells. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { event, heldEvents, ingest, inLake, ndjson } from '../../tests/setup/events.ts';
import { smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { load, makePipeline } from '../../tests/setup/pipeline.ts';
import { baseWords, makeEventContract } from '../contracts/events/event-contract.ts';
import { eventsByDay } from '../ingest/events/lake-stats.ts';
import { findDifferences } from '../ingest/production/ledger.ts';
import { listQuarantine } from '../ingest/production/quarantine.ts';
import { fix, replay, revert } from './corrections.ts';
import { compactLake, pruneReceived } from './events.ts';
import { knownSources } from './sources.ts';

const id = (number: number): string => `EVT_${String(number).padStart(16, '0')}`;

describe('events in quarantine', () => {
  test('are fixed field by field or as a whole, and replayed into the lake as of their receipt', async () => {
    const context = await makePipeline();
    const { batch } = await ingest(context, {
      'a.ndjson': ndjson([
        event({ event_id: id(1), country_code: 'XX' }),
        event({ event_id: id(2), event_type: 'purchase', revenue_amount: -3 }),
        '{"event_id":',
        event({ event_id: id(4), device_type: 'fridge' }),
      ]),
    });
    const held = await listQuarantine(context.postgres, {});
    const ids = held.map((row) => row.id);
    const fixes = [
      { country_code: 'AT' },
      { revenue_amount: '3.5', properties: '{"order_id":"T1"}' },
      { record: JSON.stringify(event({ event_id: id(3) })) },
    ];
    await fix(context, new Map(fixes.map((each, place) => [ids[place] ?? 0, each])));
    expect(await replay(context, {})).toMatchObject({
      tables: expect.arrayContaining([{ table: 'events', replayed: 4, released: 3, held: 1 }]),
    });
    expect(await inLake(context)).toMatchObject([
      { event_id: id(1), country_code: 'AT', batch_id: batch },
      { event_id: id(2), revenue_amount: 3.5, properties: '{"order_id":"T1"}' },
      { event_id: id(3) },
    ]);
    expect(await heldEvents(context)).toEqual(['a.ndjson:4 events.device_type.known']);
    expect(await findDifferences(context.postgres)).toEqual([]);
  });

  test('that only wanted a wider contract are let in by a replay under it', async () => {
    const context = await makePipeline();
    const wish = (number: number) => event({ event_id: id(number), event_type: 'wishlist_add' });
    await ingest(context, { 'a.ndjson': ndjson([wish(1), wish(2), event({ event_id: id(3) })]) });
    expect(await heldEvents(context)).toHaveLength(2);
    const wider = makeEventContract({
      ...baseWords,
      eventTypes: [...baseWords.eventTypes, 'wishlist_add'],
      properties: [],
    });
    const result = await replay({ ...context, eventContract: wider }, { rule: 'events.event_type.known' });
    expect(result.tables).toContainEqual({ table: 'events', replayed: 2, released: 2, held: 0 });
    expect(await inLake(context)).toHaveLength(3);
    expect(await findDifferences(context.postgres)).toEqual([]);
  });

  test('become duplicates when what they are came meanwhile, and stay in conflict while it differs', async () => {
    const context = await makePipeline();
    await ingest(context, {
      'a.ndjson': ndjson([
        event({ event_id: id(1), device_type: 'fridge' }),
        event({ event_id: id(2), device_type: 'fridge' }),
      ]),
    });
    await ingest(context, {
      'b.ndjson': ndjson([event({ event_id: id(1) }), event({ event_id: id(2), user_id: 'another' })]),
    });
    const held = await listQuarantine(context.postgres, {});
    await fix(context, new Map(held.map((row) => [row.id, { device_type: 'mobile' }])));
    expect((await replay(context, {})).tables).toContainEqual({ table: 'events', replayed: 2, released: 1, held: 1 });
    expect(await heldEvents(context)).toEqual(['a.ndjson:2 events.event_id.unique']);
    expect(await inLake(context)).toHaveLength(2);
    expect(await findDifferences(context.postgres)).toEqual([]);
  });

  test('are fixed by their fields alone, and by none when they are no object', async () => {
    const context = await makePipeline();
    const { batch = '' } = await ingest(context, {
      'a.ndjson': ndjson([
        '[]',
        event({ device_type: 'fridge' }),
        `${JSON.stringify(event({ device_type: undefined })).slice(0, -1)},"x":1e400}`,
      ]),
    });
    const [array, fridge, infinite] = await listQuarantine(context.postgres, {});
    await expect(fix(context, new Map([[infinite?.id ?? 0, { device_type: 'mobile' }]]))).rejects.toMatchObject({
      code: 'MR-QRN-006',
    });
    await expect(fix(context, new Map([[array?.id ?? 0, { user_id: 'U' }]]))).rejects.toMatchObject({
      code: 'MR-QRN-006',
    });
    await expect(fix(context, new Map([[fridge?.id ?? 0, { divice_type: 'mobile' }]]))).rejects.toMatchObject({
      code: 'MR-QRN-004',
    });
    const unlikely = [
      { record: 'no JSON', device_type: 'mobile' },
      { record: '17', device_type: 'mobile' },
    ];
    for (const values of unlikely) {
      await expect(fix(context, new Map([[fridge?.id ?? 0, values]]))).rejects.toMatchObject({ code: 'MR-QRN-006' });
    }
    await fix(context, new Map([[fridge?.id ?? 0, { device_type: 'mobile' }]]));
    await expect(fix(context, new Map([[fridge?.id ?? 0, { record: 'no JSON' }]]))).rejects.toMatchObject({
      code: 'MR-QRN-006',
    });
    expect((await replay(context, {})).tables).toContainEqual({ table: 'events', replayed: 1, released: 1, held: 0 });
    await expect(revert(context, batch)).rejects.toMatchObject({ code: 'MR-BAT-006' });
  });
});

test('events and CSV files may be of one source: a run then repeats the CSV files, whichever came first', async () => {
  const context = await makePipeline();
  await ingest(context, { 'a.ndjson': ndjson([event()]) });
  expect(await knownSources(context.postgres)).toMatchObject([{ source: 'web', kind: 'events' }]);
  const folder = writeFiles(smallShop);
  await load(context.postgres, folder, { source: 'web' });
  const files = { source: 'web', kind: 'csv', input: folder, options: {} };
  expect(await knownSources(context.postgres)).toMatchObject([files]);
  await ingest(context, { 'b.ndjson': ndjson([event()]) });
  expect(await knownSources(context.postgres)).toMatchObject([files]);
});

describe('drift', () => {
  test('is reported once, with its first example and its rate', async () => {
    const context = await makePipeline();
    const first = await ingest(context, {
      'a.ndjson': ndjson([
        event({ event_id: id(1), experiment: 'blue' }),
        event({ event_id: id(2), experiment: 'red', device_type: 'fridge' }),
        event({ event_id: id(3), properties: { experiment: 'own' } }),
        event({ event_id: id(4) }),
      ]),
    });
    expect(first.drift).toEqual([
      { kind: 'field', field: 'experiment', value: '', example: 'blue', rows: 2, rate: 0.5 },
      { kind: 'value', field: 'device_type', value: 'fridge', example: 'fridge', rows: 1, rate: 0.25 },
    ]);
    expect(await inLake(context, 'SELECT properties FROM events ORDER BY event_id')).toMatchObject([
      { properties: '{"experiment":"blue"}' },
      { properties: '{"experiment":"own"}' },
      { properties: null },
    ]);
    const again = await ingest(context, {
      'b.ndjson': ndjson([event({ experiment: 'x' }), event({ device_type: 'fridge' })]),
    });
    expect(again.drift).toEqual([]);
  });
});

describe('what is held', () => {
  test('is forgotten when it is pruned; the books still have it, and a replay leaves it alone', async () => {
    const context = await makePipeline();
    await ingest(context, { 'a.ndjson': ndjson([event({ device_type: 'fridge', user_id: 'a secret' })]) });
    expect(await pruneReceived(context, { raw: undefined, quarantine: 1 })).toEqual({ rawDays: [], quarantined: 0 });
    const later = { ...context, clock: () => new Date('2024-07-01T00:00:00Z') };
    expect(await pruneReceived(later, { raw: undefined, quarantine: 1 })).toEqual({ rawDays: [], quarantined: 1 });
    expect(await context.postgres.rows(`SELECT 1 FROM ops.quarantine WHERE content::text LIKE '%secret%'`)).toEqual([]);
    const { tables } = await replay(context, { table: 'events' });
    expect(tables).toContainEqual({ table: 'events', replayed: 0, released: 0, held: 0 });
    expect(await findDifferences(context.postgres)).toEqual([]);
    const [row] = await listQuarantine(context.postgres, {});
    await fix(context, new Map([[row?.id ?? 0, { record: JSON.stringify(event({ user_id: 'another secret' })) }]]));
    expect(await pruneReceived(later, { raw: undefined, quarantine: 1 })).toMatchObject({ quarantined: 1 });
    expect(await context.postgres.rows('SELECT 1 FROM ops.quarantine WHERE fixed IS NOT NULL')).toEqual([]);
    expect(await pruneReceived(later, { raw: undefined, quarantine: 1 })).toMatchObject({ quarantined: 0 });
  });
});

describe('the lake', () => {
  test('puts small files together: rows, and what is known of them, stay the same', async () => {
    const context = await makePipeline();
    for (const file of [1, 2, 3]) {
      const lines = [1, 2].map((day) =>
        event({ event_id: id(10 * file + day), event_timestamp: `2024-05-0${day}T0${file}:00:00Z` }),
      );
      await ingest(context, { [`${file}.ndjson`]: ndjson(lines) });
    }
    const before = await inLake(context);
    expect(await eventsByDay(context.postgres)).toMatchObject([{ files: 3 }, { files: 3 }]);
    expect(await compactLake(context)).toEqual({ days: 2, filesBefore: 6, filesAfter: 2 });
    expect(await eventsByDay(context.postgres)).toMatchObject([
      { day: '2024-05-01', files: 1, rows: 3 },
      { day: '2024-05-02', files: 1, rows: 3 },
    ]);
    expect(await inLake(context)).toEqual(before);
    expect(await compactLake(context)).toEqual({ days: 0, filesBefore: 0, filesAfter: 0 });
    expect(await ingest(context, { 'x.ndjson': ndjson([event({ event_id: id(11), user_id: 'X' })]) })).toMatchObject({
      quarantined: 1,
    });
    expect(await findDifferences(context.postgres)).toEqual([]);
  });

  test('puts files together by itself where a day has many', async () => {
    const context = await makePipeline();
    for (let file = 0; file < 9; file += 1)
      await ingest(context, { 'a.ndjson': ndjson([event({ event_id: id(file) })]) });
    const [day] = await eventsByDay(context.postgres);
    expect(day).toMatchObject({ rows: 9 });
    expect(day?.files).toBeLessThan(8);
    expect(await inLake(context)).toHaveLength(9);
  });

  test('forgets what was received when it is pruned, not what was loaded', async () => {
    const context = await makePipeline();
    await ingest(context, { 'a.ndjson': ndjson([event()]) }, { receivedAt: new Date('2024-05-02T00:00:00Z') });
    await ingest(context, { 'b.ndjson': ndjson([event()]) }, { receivedAt: new Date('2024-05-31T00:00:00Z') });
    const days = async (raw: number) => (await pruneReceived(context, { raw, quarantine: undefined })).rawDays;
    expect(await days(40)).toEqual([]);
    expect(await days(20)).toEqual(['2024-05-02']);
    expect(readdirSync(join(context.home, 'raw', 'events'))).toEqual(['received_date=2024-05-31']);
    expect(await inLake(context)).toHaveLength(2);
  });
});
