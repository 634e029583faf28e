/** Files of events on their way into the lake: what becomes of each line, again and in any order. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { event, heldEvents, ingest, inLake, ndjson } from '../../../tests/setup/events.ts';
import { writeFiles } from '../../../tests/setup/fixtures.ts';
import { makePipeline } from '../../../tests/setup/pipeline.ts';
import { findDifferences } from '../production/ledger.ts';
import { eventsByDay } from './lake-stats.ts';

const id = (number: number): string => `EVT_${String(number).padStart(16, '0')}`;

const purchase = event({
  event_id: id(7),
  event_type: 'purchase',
  product_id: 'P1',
  product_category: 'Home',
  revenue_amount: 12.5,
  properties: { order_id: 'T1', quantity: 1 },
});

describe('files of events', () => {
  test('become typed rows of their days, and every line is accounted for', async () => {
    const context = await makePipeline();
    const result = await ingest(context, {
      'a.ndjson': ndjson([
        purchase,
        '',
        event({
          event_id: id(1),
          event_timestamp: '2024-05-01T23:59:59-02:00',
          country_code: 'uk',
          device_type: undefined,
        }),
        event({ event_id: id(2), event_timestamp: '2024-05-01T23:59:59-02:00', country_code: 'uk' }),
        '{"event_id":',
      ]),
    });
    expect(result).toMatchObject({
      received: 4,
      loaded: 2,
      duplicate: 0,
      quarantined: 2,
      days: 2,
      alreadyLoaded: false,
    });
    expect(result.brokenRules).toEqual([
      { rule: 'events.device_type.required', severity: 'error', broken: 1 },
      { rule: 'events.record.malformed', severity: 'error', broken: 1 },
    ]);
    expect(await heldEvents(context)).toEqual([
      'a.ndjson:3 events.device_type.required',
      'a.ndjson:5 events.record.malformed',
    ]);
    expect(await inLake(context)).toMatchObject([
      {
        source: 'web',
        event_id: id(2),
        country_code: 'GB',
        revenue_amount: null,
        properties: null,
        batch_id: result.batch,
      },
      {
        event_id: id(7),
        event_type: 'purchase',
        revenue_amount: 12.5,
        properties: '{"order_id":"T1","quantity":1}',
      },
    ]);
    expect(await eventsByDay(context.postgres)).toMatchObject([
      { day: '2024-05-01', files: 1, rows: 1 },
      { day: '2024-05-02', files: 1, rows: 1 },
    ]);
    expect(await findDifferences(context.postgres)).toEqual([]);
    expect(await context.postgres.rows(`SELECT dataset, key FROM ops.changed_keys ORDER BY key`)).toEqual([
      { dataset: 'lake.events', key: '2024-05-01' },
      { dataset: 'lake.events', key: '2024-05-02' },
    ]);
  });

  test('may be packed, be arrays, lie in folders; they are kept as received, for their owner alone', async () => {
    const context = await makePipeline();
    const one = (number: number): string => ndjson([event({ event_id: id(number) })]);
    const result = await ingest(context, {
      'a.ndjson.gz': gzipSync(one(1)),
      'b/b.jsonl.zst': zstdCompressSync(one(2)),
      'b/c.json': `[${one(3).trim()},\n ${one(4).trim()}]`,
      'b/readme.txt': 'no events',
      'z.ndjson': one(1),
    });
    expect(result).toMatchObject({ received: 5, loaded: 4, duplicate: 1, quarantined: 0 });
    expect(result.ignored).toEqual([expect.stringMatching(/b\/readme\.txt$/)]);
    const [day] = readdirSync(context.rawEvents);
    expect(day).toMatch(/^received_date=/);
    expect(readdirSync(join(context.rawEvents, String(day)))).toHaveLength(4);
    expect(statSync(context.rawEvents).mode & 0o777).toBe(0o700);
  });

  test('whose bytes were loaded before are left out, alone and among others', async () => {
    const context = await makePipeline();
    const first = ndjson([event({ event_id: id(1) })]);
    const folder = writeFiles({ 'a.ndjson': first });
    await ingest(context, folder);
    const before = await inLake(context);
    expect(await ingest(context, folder)).toMatchObject({
      alreadyLoaded: true,
      batch: undefined,
      received: 0,
      loaded: 0,
    });
    const both = { 'a.ndjson': first, 'b.ndjson': ndjson([event({ event_id: id(2) })]) };
    expect(await ingest(context, both)).toMatchObject({
      received: 1,
      loaded: 1,
      files: [
        { file: 'a.ndjson', alreadyLoaded: true },
        { file: 'b.ndjson', alreadyLoaded: false, records: 1 },
      ],
    });
    expect((await inLake(context)).slice(0, 1)).toEqual(before);
  });

  test('are kept apart where DuckDB’s own hash takes two lines for one', async () => {
    const context = await makePipeline();
    const line = JSON.stringify({
      ...purchase,
      event_id: 'EVT_0123456789ABCDEF',
      user_id: 'CUST0001',
      session_id: 'SES 1',
      event_timestamp: '2026-03-01T09:30:00.250Z',
      country_code: 'DE',
      product_id: 'PROD0001',
      product_category: 'Küche & Bad',
      revenue_amount: 0.1,
      properties: { order_id: 'TXN00001', quantity: 2 },
    });
    const alike = [line.replace('quantity', 'quaetity'), line.replace('"event_id"', '"event"id"')];
    const result = await ingest(
      context,
      { 'a.ndjson': ndjson(alike) },
      { receivedAt: new Date('2026-06-01T12:00:00Z') },
    );
    expect(result).toMatchObject({ received: 2, loaded: 1, quarantined: 1 });
    expect(await heldEvents(context)).toEqual(['a.ndjson:2 events.record.malformed']);
  });

  test('are told of when there are none', async () => {
    const context = await makePipeline();
    await expect(ingest(context, '/nowhere/at/all')).rejects.toMatchObject({ code: 'MR-IN-001' });
    await expect(ingest(context, { 'notes.txt': 'x' })).rejects.toMatchObject({ exitCode: 2 });
    expect(existsSync(join(context.home, 'lake', 'processed'))).toBe(false);
  });
});

describe('an event that came before', () => {
  test('is a duplicate with the same content, in conflict with another, in the batch and beyond it', async () => {
    const context = await makePipeline();
    const [one, other] = [event({ event_id: id(1) }), event({ event_id: id(1), user_id: 'U2' })];
    const first = await ingest(context, {
      'a.ndjson': ndjson([event({ event_id: id(3) }), one, other, one, other, event({ event_id: id(3) })]),
      'b.ndjson': ndjson([other, one]),
    });
    expect(first).toMatchObject({ received: 8, loaded: 2, duplicate: 3, quarantined: 3 });
    expect(await heldEvents(context)).toEqual([
      'a.ndjson:3 events.event_id.unique',
      'a.ndjson:5 events.event_id.unique',
      'b.ndjson:1 events.event_id.unique',
    ]);
    const second = await ingest(context, { 'c.ndjson': ndjson([other, one, event({ event_id: id(2) })]) });
    expect(second).toMatchObject({ received: 3, loaded: 1, duplicate: 1, quarantined: 1 });
    expect((await inLake(context)).map(({ event_id, user_id }) => [event_id, user_id])).toEqual([
      [id(1), 'U1'],
      [id(2), 'U1'],
      [id(3), 'U1'],
    ]);
  });

  test('is known again on another day: that is other content', async () => {
    const context = await makePipeline();
    await ingest(context, { 'a.ndjson': ndjson([event({ event_id: id(1) })]) });
    const moved = event({ event_id: id(1), event_timestamp: '2024-04-01T10:00:00Z' });
    expect(await ingest(context, { 'b.ndjson': ndjson([moved]) })).toMatchObject({ loaded: 0, quarantined: 1 });
    expect(await eventsByDay(context.postgres)).toHaveLength(1);
  });
});
