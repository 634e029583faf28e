/** The server: figures as JSON, errors as JSON, the dashboard's files, and nobody through a foreign name. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AtEnd, afterTheLast, makeFolder, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline } from '../../tests/setup/pipeline.ts';
import { createLogger } from '../kernel/log.ts';
import { type PipelineContext, run } from '../pipeline/run.ts';
import { createWarehouseReader } from '../publish/warehouse.ts';
import { createServer, listen, type ServerContext } from './server.ts';

function dashboardIn(folder: string): string {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Millrace</title>');
  writeFileSync(join(folder, 'assets', 'page.js'), 'export {};');
  writeFileSync(join(folder, '..', 'secret.txt'), 'not for the web');
  return folder;
}

/** A server over a home, with a small dashboard; it is closed at the end. */
async function serve(
  pipeline: PipelineContext,
  host = '127.0.0.1',
  atEnd: AtEnd = onTestFinished,
  changes: Partial<ServerContext> = {},
) {
  const warehouse = createWarehouseReader(pipeline.home, pipeline.duckdb);
  atEnd(() => warehouse.close());
  const dashboard = join(makeFolder(atEnd), 'dist');
  mkdirSync(dashboard);
  const log = createLogger({ level: 'silent', pretty: false });
  const context = {
    home: pipeline.home,
    warehouse,
    postgres: pipeline.postgres,
    dashboard: dashboardIn(dashboard),
    log,
    ...changes,
  };
  const server = await createServer(context, host);
  atEnd(() => server.close());
  return server;
}

const get = (server: FastifyInstance, url: string, host = '127.0.0.1:4600') =>
  server.inject({ method: 'GET', url, headers: { host } });

describe('over a published warehouse', () => {
  const atEnd = afterTheLast();
  let pipeline: PipelineContext;
  let server: FastifyInstance;

  beforeAll(async () => {
    pipeline = await makePipeline(atEnd, { currency: 'EUR' });
    await run(pipeline, { source: 'csv', path: writeFiles(smallShop, atEnd), preset: undefined, asOf: undefined });
    server = await serve(pipeline, '127.0.0.1', atEnd);
  });

  test('health is told with the publication', async () => {
    const response = await get(server, '/api/health');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      status: 'ok',
      postgres: 'up',
      publication: {
        id: expect.stringMatching(/^pub_/),
        publishedAt: expect.stringMatching(/^2024-06-01T12:/),
        currency: 'EUR',
        timeZone: 'UTC',
      },
    });
  });

  test('the overview is JSON with its currency, and takes a range', async () => {
    const whole = (await get(server, '/api/overview')).json();
    expect(whole).toMatchObject({
      currency: 'EUR',
      timeZone: 'UTC',
      publication: { id: expect.any(String) },
      totals: { netRevenue: { value: 75.5 } },
    });
    const part = await get(server, '/api/overview?from=2024-03-02&to=2024-03-02');
    expect(part.headers['content-type']).toContain('application/json');
    expect(part.json()).toMatchObject({
      range: { from: '2024-03-02', to: '2024-03-02' },
      totals: { netRevenue: { value: 20 } },
    });
    expect((await get(server, '/api/overview?from=&to=')).json()).toEqual(whole);
  });

  test.each([
    ['/api/overview?from=2024-03-05&to=2024-03-01', 400, 'MR-QRY-003'],
    ['/api/overview?from=yesterday', 400, 'MR-QRY-003'],
    ['/api/overview?from=2024-03-01&from=2024-03-02', 400, 'MR-SRV-002'],
    ['/api/%', 400, 'MR-SRV-002'],
    ['/api/nothing', 404, 'MR-SRV-003'],
    ['/api/', 404, 'MR-SRV-003'],
  ])('%s is answered with %i and %s', async (url, status, code) => {
    const response = await get(server, url);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: { code, message: expect.any(String), remedy: expect.any(String) } });
  });

  test('other methods find nothing', async () => {
    const response = await server.inject({
      method: 'POST',
      url: '/api/overview',
      headers: { host: 'localhost' },
      payload: { a: 1 },
    });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ error: { code: 'MR-SRV-003' } });
  });

  test('the dashboard’s files are served, and its page for every address that the dashboard may know', async () => {
    expect((await get(server, '/assets/page.js')).body).toBe('export {};');
    for (const url of ['/', '/index.html', '/?from=2024-03-01', '/some/page']) {
      const response = await get(server, url);
      expect([url, response.statusCode, response.body]).toEqual([url, 200, '<!doctype html><title>Millrace</title>']);
      expect(response.headers['content-type']).toContain('text/html');
      expect(response.headers['content-security-policy']).toContain(`default-src 'self'`);
      expect(response.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test.each(['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/%', '/\\..\\secret.txt'])(
    'nothing outside the dashboard is to be had by %s',
    async (url) => {
      expect((await get(server, url)).body).not.toContain('not for the web');
    },
  );

  test('only names of this machine are answered to', async () => {
    for (const host of ['127.0.0.1', 'localhost:4600', '[::1]:4600']) {
      expect((await get(server, '/api/overview', host)).statusCode).toBe(200);
    }
    for (const host of ['evil.example:4600', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1:4600']) {
      const response = await get(server, '/api/overview', host);
      expect([host, response.statusCode, response.json().error.code]).toEqual([host, 403, 'MR-SRV-001']);
      expect((await get(server, '/', host)).statusCode).toBe(403);
    }
  });

  test('on an address that others reach, every name is', async () => {
    const open = await serve(pipeline, '0.0.0.0');
    expect((await get(open, '/api/overview', 'figures.shop.example')).statusCode).toBe(200);
  });

  test('PostgreSQL being away is told by health, and the figures stay', async () => {
    const postgres = { ...pipeline.postgres, rows: () => Promise.reject(new Error('away')) };
    const lame = await serve(pipeline, '127.0.0.1', onTestFinished, { postgres });
    const health = await get(lame, '/api/health');
    expect([health.statusCode, health.json()]).toMatchObject([503, { status: 'degraded', postgres: 'down' }]);
    expect((await get(lame, '/api/overview')).statusCode).toBe(200);
  });
});

describe('before anything is published', () => {
  test('figures are not available yet, and health says so', async () => {
    const server = await serve(await makePipeline());
    const overview = await get(server, '/api/overview');
    expect(overview.statusCode).toBe(503);
    expect(overview.json()).toMatchObject({ error: { code: 'MR-QRY-001', remedy: 'Run `millrace run` first.' } });
    const health = await get(server, '/api/health');
    expect([health.statusCode, health.json()]).toEqual([
      503,
      { status: 'degraded', postgres: 'up', publication: null },
    ]);
    expect((await get(server, '/')).statusCode).toBe(200);
  });

  test('a dashboard that was not built is told of', async () => {
    await expect(
      serve(await makePipeline(), '127.0.0.1', onTestFinished, { dashboard: makeFolder() }),
    ).rejects.toMatchObject({
      code: 'MR-CLI-003',
      exitCode: 2,
    });
  });
});

describe('listening', () => {
  test('takes a free port for 0; a port in use and an address of another machine are told', async () => {
    const pipeline = await makePipeline();
    const address = await listen(await serve(pipeline), '127.0.0.1', 0);
    expect((await fetch(`${address}/api/health`)).status).toBe(503);

    const taken = createTcpServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise((resolve) => taken.close(() => resolve())));
    const bound = taken.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await expect(listen(await serve(pipeline), '127.0.0.1', port)).rejects.toMatchObject({
      code: 'MR-CLI-002',
      exitCode: 2,
      message: `Port ${port} on 127.0.0.1 is already in use.`,
    });
    await expect(listen(await serve(pipeline), '192.0.2.1', 0)).rejects.toMatchObject({
      code: 'MR-CLI-004',
      exitCode: 2,
      message: expect.stringContaining('192.0.2.1'),
    });
  });
});
