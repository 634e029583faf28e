/** The collector over HTTP and on a real disk: what it answers, what it keeps, and what it hands over. */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { kept, linesOf, type RunningCollector, startCollector, testKey } from '../../../tests/setup/collector.ts';
import { makeFolder, mountSmallDisk } from '../../../tests/setup/fixtures.ts';
import type { Segment } from '../../ingest/events/segments/segment-file.ts';
import type { CollectorConfig } from '../../kernel/config.ts';
import type { CollectorOptions } from './collector.ts';
import { createFile, type SegmentHandle } from './segment-writer.ts';

type Changes = Partial<Omit<CollectorOptions, 'config'>> & { readonly config?: Partial<CollectorConfig> };

/** A collector over a new folder; `segments` are those that it handed over, removed as ingestion does. */
async function collector(changes: Changes = {}, folder = join(makeFolder(), 'collector')) {
  const segments: (Segment & { readonly lines: readonly string[] })[] = [];
  const onSegment = async (segment: Segment): Promise<void> => {
    segments.push({ ...segment, lines: linesOf(segment.path) });
    rmSync(segment.path);
  };
  const running = await startCollector(folder, { onSegment, ...changes });
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ended ??= running.close();
    return ended;
  };
  onTestFinished(close);
  return { ...running, close, folder, segments };
}

interface Sent {
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

const send = ({ address }: Pick<RunningCollector, 'address'>, body: string | Buffer, sent: Sent = {}) =>
  fetch(`${address}/v1/events${sent.query ?? ''}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: {
      'content-type': sent.type ?? 'application/json',
      ...(sent.query ? {} : { 'x-write-key': testKey.key }),
      ...sent.headers,
    },
  });

const statusOf = async ({ address }: RunningCollector) => (await fetch(`${address}/api/collector`)).json();

const codeOf = async (response: Response): Promise<readonly unknown[]> => [
  response.status,
  ((await response.json()) as { readonly error: { readonly code: string } }).error.code,
];

test('every event is answered in its order and kept as it was sent, rejected ones too', async () => {
  const running = await collector();
  const one = await send(running, '{"n": 1.0}');
  expect([one.status, await one.json()]).toEqual([202, { accepted: 1, rejected: 0, events: [{ status: 'accepted' }] }]);
  const many = await send(running, '[{"n":2},\n {"bad":3}]', { type: 'text/plain;charset=UTF-8' });
  expect(await many.json()).toEqual({
    accepted: 1,
    rejected: 1,
    events: [{ status: 'accepted' }, { status: 'rejected', rules: ['events.record.malformed'] }],
  });
  const lines = await send(running, '{"n":4}\n{"n":5}\n', { type: 'application/x-ndjson' });
  expect(await lines.json()).toMatchObject({ accepted: 2 });
  const none = await send(running, '[]');
  expect([none.status, await none.json()]).toEqual([202, { accepted: 0, rejected: 0, events: [] }]);
  const packed = await send(running, gzipSync('{"n":6}'), { headers: { 'content-encoding': 'gzip' } });
  expect(packed.status).toBe(202);
  const beacon = await send(running, '{"n":7}', {
    query: `?key=${encodeURIComponent(testKey.key)}`,
    type: 'text/plain',
  });
  expect(beacon.status).toBe(202);

  expect(kept(running.folder)).toEqual([
    '{"n": 1.0}',
    '{"n":2}',
    '{"bad":3}',
    '{"n":4}',
    '{"n":5}',
    '{"n":6}',
    '{"n":7}',
  ]);
  expect(await statusOf(running)).toMatchObject({
    state: 'open',
    sources: [{ source: 'web', accepted: 6, rejected: 1, open: { events: 7 }, waiting: 0 }],
    bytesInMemory: 0,
    flushes: 5,
    lastFlushAt: expect.stringMatching(/Z$/),
    lastError: null,
  });
});

test('what cannot be taken is refused, and nothing of it is kept', async () => {
  const running = await collector();
  const answers: (readonly [string, Promise<Response>, number, string])[] = [
    ['no JSON', send(running, '{"n":'), 400, 'MR-COL-001'],
    ['no body', send(running, ''), 400, 'MR-COL-001'],
    ['no gzip', send(running, '{"n":1}', { headers: { 'content-encoding': 'gzip' } }), 400, 'MR-COL-001'],
    ['no key', send(running, '{"n":1}', { query: '?a=b' }), 401, 'MR-COL-002'],
    ['another key', send(running, '{"n":1}', { query: '?key=mrw_other' }), 401, 'MR-COL-002'],
    ['two keys', send(running, '{"n":1}', { query: `?key=${testKey.key}&key=a` }), 401, 'MR-COL-002'],
    ['a foreign origin', send(running, '{"n":1}', { headers: { origin: 'https://evil.example' } }), 403, 'MR-COL-003'],
    ['many events', send(running, '1\n'.repeat(1001), { type: 'application/x-ndjson' }), 413, 'MR-COL-004'],
    ['many bytes', send(running, `"${'a'.repeat(2 ** 20)}"`), 413, 'MR-COL-004'],
    [
      'a bomb',
      send(running, gzipSync(Buffer.alloc(2 ** 24)), { headers: { 'content-encoding': 'gzip' } }),
      413,
      'MR-COL-004',
    ],
    ['another type', send(running, 'a=1', { type: 'application/x-www-form-urlencoded' }), 415, 'MR-COL-005'],
    ['another packing', send(running, 'x', { headers: { 'content-encoding': 'br' } }), 415, 'MR-COL-005'],
  ];
  const bare = fetch(`${running.address}/v1/events?key=${encodeURIComponent(testKey.key)}`, { method: 'POST' });
  answers.push(['neither body nor type', bare, 400, 'MR-COL-001']);
  answers.push(['another method', fetch(`${running.address}/v1/events`), 404, 'MR-SRV-003']);
  for (const [what, answer, status, code] of answers) {
    expect([what, ...(await codeOf(await answer))]).toEqual([what, status, code]);
  }
  expect(kept(running.folder)).toEqual([]);
  expect(await statusOf(running)).toMatchObject({ sources: [], bytesInMemory: 0 });
});

test('pages of configured origins may send, those of others may not', async () => {
  const shop = 'https://shop.example';
  const running = await collector({ config: { origins: [shop, 'https://other.example'] } });
  const preflight = (origin: string) =>
    fetch(`${running.address}/v1/events`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-write-key' },
    });
  const allowed = await preflight(shop);
  expect(Object.fromEntries(allowed.headers)).toMatchObject({
    'access-control-allow-origin': shop,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, content-encoding, x-write-key',
  });
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  const sent = await send(running, '{"n":1}', { headers: { origin: shop } });
  expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([202, shop]);
  const refused = await send(running, '{', { headers: { origin: shop } });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([400, shop]);
  for (const origin of ['https://evil.example', 'http://shop.example', 'null']) {
    expect(await codeOf(await send(running, '{"n":2}', { headers: { origin } }))).toEqual([403, 'MR-COL-003']);
  }
  expect(kept(running.folder)).toEqual(['{"n":1}']);
});

test('the shop’s name is answered to on /v1/events, where the page is for this machine alone', async () => {
  const running = await collector();
  const ask = (method: string, path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { host: 'events.shop.example', 'x-write-key': testKey.key, 'content-type': 'application/json' };
      const asked = request(`${running.address}${path}`, { method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject).end(method === 'POST' ? '{"n":1}' : undefined);
    });
  expect(await ask('POST', '/v1/events')).toBe(202);
  expect(await ask('GET', '/api/collector')).toBe(403);
  expect(await ask('GET', '/api/schema/event.json')).toBe(403);
  expect(await ask('GET', '/')).toBe(403);
});

test('the schema of an event is served', async () => {
  const { address } = await collector();
  const response = await fetch(`${address}/api/schema/event.json`);
  expect(response.headers.get('content-type')).toContain('application/schema+json');
  expect(await response.json()).toEqual({ $id: 'the schema of the tests' });
});

test('a key that sends too much waits for as long as it is told', async () => {
  let now = Date.now();
  const running = await collector({ config: { rate: 100, burst: 1000 }, clock: () => new Date(now) });
  const batch = (events: number) => `[${Array(events).fill('{"n":1}').join()}]`;
  expect((await send(running, batch(900))).status).toBe(202);
  const refused = await send(running, batch(350));
  expect([refused.headers.get('retry-after'), ...(await codeOf(refused))]).toEqual(['3', 429, 'MR-COL-006']);
  now += 2500;
  expect((await send(running, batch(350))).status).toBe(202);
  expect(kept(running.folder)).toHaveLength(1250);
});

test('requests that memory has no room for are told to come again', async () => {
  const running = await collector({ config: { memoryBytes: 1000 } });
  const large = await send(running, `"${'a'.repeat(1000)}"`);
  expect([large.headers.get('retry-after'), ...(await codeOf(large))]).toEqual(['1', 503, 'MR-COL-007']);
  expect((await send(running, `"${'a'.repeat(900)}"`)).status).toBe(202);
  expect(await statusOf(running)).toMatchObject({ bytesInMemory: 0 });
});

test('a disk with too little space takes nothing, and the allowance of the key stays whole', async () => {
  const running = await collector({ config: { minFreeBytes: Number.MAX_SAFE_INTEGER } });
  const refused = await send(running, '{"n":1}');
  expect([refused.headers.get('retry-after'), ...(await codeOf(refused))]).toEqual(['10', 503, 'MR-COL-007']);
  expect(kept(running.folder)).toEqual([]);
});

/** Files of which a test decides how they write and flush. */
const filesThat =
  (changes: (file: SegmentHandle) => Partial<SegmentHandle>): NonNullable<CollectorOptions['openFile']> =>
  async (path) => {
    const file = await createFile(path);
    return {
      write: file.write.bind(file),
      datasync: () => file.datasync(),
      stat: file.stat.bind(file),
      close: () => file.close(),
      ...changes(file),
    };
  };

test('nothing is acknowledged before it is flushed; requests that wait share a flush', async () => {
  const { promise: opened, resolve: openGate } = Promise.withResolvers<void>();
  const running = await collector({
    openFile: filesThat((file) => ({ datasync: () => opened.then(() => file.datasync()) })),
  });
  let answered = 0;
  const answers = Array.from({ length: 5 }, async () => {
    const { status } = await send(running, '"0123456789"');
    answered += 1;
    return status;
  });
  await vi.waitFor(async () => expect(await statusOf(running)).toMatchObject({ bytesInMemory: 5 * 12 }));
  await vi.waitFor(() => expect(kept(running.folder)).not.toEqual([]));
  expect(answered).toBe(0);
  openGate();
  expect(await Promise.all(answers)).toEqual([202, 202, 202, 202, 202]);
  expect(((await statusOf(running)) as { readonly flushes: number }).flushes).toBeLessThan(5);
});

test('a write that fails half-way leaves nothing of its requests; the next ones are kept', async () => {
  let failing = false;
  const running = await collector({
    openFile: filesThat((file) => ({
      write: (async (bytes: Buffer, offset: number, length: number, position: number) => {
        if (!failing) return file.write(bytes, offset, length, position);
        if (offset > 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        return file.write(bytes, offset, Math.ceil(length / 2), position);
      }) as SegmentHandle['write'],
    })),
  });
  expect((await send(running, '{"n":1}')).status).toBe(202);
  failing = true;
  const answers = await Promise.all([send(running, '[{"n":2},{"n":3}]'), send(running, '[{"n":4},{"n":5}]')]);
  for (const answer of answers) expect(await codeOf(answer)).toEqual([503, 'MR-COL-007']);
  failing = false;
  expect((await send(running, '{"n":6}')).status).toBe(202);
  await running.close();
  expect(running.segments.flatMap(({ lines }) => lines)).toEqual(['{"n":1}', '{"n":6}']);
});

test('a flush that fails leaves nothing of its requests', async () => {
  let failing = true;
  const running = await collector({
    openFile: filesThat((file) => ({
      datasync: () => (failing ? Promise.reject(new Error('input/output error')) : file.datasync()),
    })),
  });
  expect(await codeOf(await send(running, '{"n":1}'))).toEqual([503, 'MR-COL-007']);
  failing = false;
  expect((await send(running, '{"n":2}')).status).toBe(202);
  expect(await statusOf(running)).toMatchObject({ lastError: { problem: 'input/output error' } });
  await running.close();
  expect(running.segments.flatMap(({ lines }) => lines)).toEqual(['{"n":2}']);
});

test('on a disk that runs full what was acknowledged stays, and once there is space the rest goes', async (context) => {
  const disk = mountSmallDisk(4);
  if ('problem' in disk) return context.skip(disk.problem);
  const running = await collector({}, join(disk.path, 'collector'));
  const event = (number: number) => `{"n":${number},"text":"${'x'.repeat(500_000)}"}`;
  const acknowledged: string[] = [];
  let refused: Response | undefined;
  for (let number = 0; !refused; number += 1) {
    const answer = await send(running, event(number));
    if (answer.status === 202) acknowledged.push(event(number));
    else refused = answer;
  }
  expect([refused.headers.get('retry-after'), ...(await codeOf(refused))]).toEqual(['10', 503, 'MR-COL-007']);
  expect(kept(running.folder)).toEqual(acknowledged);
  await vi.waitFor(() => expect(running.segments.map(({ lines }) => lines)).toEqual([acknowledged]), 5_000);
  expect((await send(running, event(99))).status).toBe(202);
  await running.close();
  expect(running.segments.flatMap(({ lines }) => lines)).toEqual([...acknowledged, event(99)]);
});

test('a segment is closed at so many events and handed over; a failure leaves it for another time', async () => {
  const folder = join(makeFolder(), 'collector');
  const refused: Segment[] = [];
  const { promise: offered, resolve: offer } = Promise.withResolvers<void>();
  const first = await collector(
    {
      config: { events: 2 },
      async onSegment(segment) {
        refused.push(segment);
        offer();
        throw new Error('the database is away');
      },
    },
    folder,
  );
  await send(first, '{"n":1}');
  await send(first, '[{"n":2},{"n":3}]');
  await offered;
  expect(await statusOf(first)).toMatchObject({
    sources: [{ open: null, waiting: 1 }],
    lastError: { problem: 'the database is away' },
  });
  await send(first, '{"n":4}');
  await first.close();
  // At the end the first failure leaves all that waits to the next start.
  expect(refused.map(({ path }) => path)).toEqual([refused[0]?.path, refused[0]?.path]);

  const second = await collector({}, folder);
  await second.close();
  expect(second.segments).toMatchObject([
    { source: 'web', path: refused[0]?.path, lines: ['{"n":1}', '{"n":2}', '{"n":3}'] },
    { source: 'web', lines: ['{"n":4}'] },
  ]);
  expect(kept(folder)).toEqual([]);
});

test('a segment is closed when it is old enough', async () => {
  let now = Date.now();
  const { promise: handed, resolve: hand } = Promise.withResolvers<Segment>();
  const running = await collector({
    config: { seconds: 30 },
    clock: () => new Date(now),
    onSegment: async (segment) => hand(segment),
  });
  await send(running, '{"n":1}');
  now += 30_000;
  expect(linesOf((await handed).path)).toEqual(['{"n":1}']);
});

test('files and folders are for their user alone', async () => {
  const running = await collector();
  await send(running, '{"n":1}');
  const modes = ['', 'web', join('web', readdirSync(join(running.folder, 'web'))[0] ?? '')].map(
    (name) => statSync(join(running.folder, name)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o600]);
});

test('at the end nothing is taken any more, and all that was taken is handed over', async () => {
  const running = await collector();
  await send(running, '{"n":1}');
  await running.close();
  await expect(send(running, '{"n":2}')).rejects.toThrow();
  expect(running.segments.map(({ lines }) => lines)).toEqual([['{"n":1}']]);
});

test('when the server ends, requests under way are answered and new ones told to come again', async () => {
  const { promise: opened, resolve: openGate } = Promise.withResolvers<void>();
  const running = await collector({
    openFile: filesThat((file) => ({ datasync: () => opened.then(() => file.datasync()) })),
  });
  const underWay = send(running, '{"n":1}');
  await vi.waitFor(async () => expect(kept(running.folder)).toEqual(['{"n":1}']));
  const ended = running.close();
  const late = await send(running, '{"n":2}');
  expect([late.headers.get('retry-after'), ...(await codeOf(late))]).toEqual(['5', 503, 'MR-COL-007']);
  expect(await statusOf(running)).toMatchObject({ state: 'closing' });
  openGate();
  expect((await underWay).status).toBe(202);
  await ended;
  expect(running.segments.map(({ lines }) => lines)).toEqual([['{"n":1}']]);
});

/** Another process of this machine, for as long as the tests run. */
const otherProcess = process.ppid;
/** No process: beyond the largest id that systems give. */
const goneProcess = 2 ** 30;

test('what a process that is gone left is cut back to whole lines and handed over; a live one keeps its file', async () => {
  const folder = join(makeFolder(), 'collector');
  const other = await collector({ pid: otherProcess }, folder);
  await send(other, '{"n":"live"}');
  const leave = (name: string, text: string): void => writeFileSync(join(folder, 'web', name), text);
  leave(`20260101T000000.000Z-${goneProcess}-seg_1.ndjson.open`, '{"n":1}\n{"n":2}\n{"n":');
  leave(`20260101T000001.000Z-${goneProcess}-seg_2.ndjson`, '{"n":3}\n');
  leave(`20260101T000002.000Z-${goneProcess}-seg_3.ndjson.open`, '{"n":');
  leave('notes.txt', 'not a segment');

  const running = await collector({}, folder);
  await running.close();
  expect(running.segments.map(({ lines }) => lines)).toEqual([['{"n":1}', '{"n":2}'], ['{"n":3}']]);
  expect(existsSync(join(folder, 'web', 'notes.txt'))).toBe(true);
  await send(other, '{"n":"still"}');
  await other.close();
  expect(other.segments.map(({ lines }) => lines)).toEqual([['{"n":"live"}', '{"n":"still"}']]);
  expect(readdirSync(join(folder, 'web'))).toEqual(['notes.txt']);
});

test('whose file is taken away all the same begins a new one, and loses nothing', async () => {
  const folder = join(makeFolder(), 'collector');
  const running = await collector({}, folder);
  await send(running, '{"n":1}');
  // A collector that knows nothing of the first, in the same process: it must take the file for a leftover.
  const second = await collector({}, folder);
  await second.close();
  expect((await send(running, '{"n":2}')).status).toBe(202);
  await running.close();
  expect([second, running].map(({ segments }) => segments.map(({ lines }) => lines))).toEqual([
    [['{"n":1}']],
    [['{"n":2}']],
  ]);
});
