/** The HTTP server: the figures as JSON, and the dashboard's files. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { asMillraceError, type ErrorCode, MillraceError, problemOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { readOverview } from '../metrics/overview.ts';
import type { WarehouseReader } from '../publish/warehouse.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';
import type { Collector } from './collector/collector.ts';

/** What the server needs of its surroundings. */
export interface ServerContext {
  readonly home: string;
  readonly warehouse: WarehouseReader;
  readonly postgres: Postgres;
  /** The folder of the built dashboard. */
  readonly dashboard: string;
  readonly log: Logger;
  /** Takes events; a server without one has only the dashboard and its figures. */
  readonly collector?: Collector;
}

const statuses: Partial<Record<ErrorCode, number>> = {
  'MR-QRY-001': 503,
  'MR-SRV-001': 403,
  'MR-SRV-003': 404,
  'MR-COL-001': 400,
  'MR-COL-002': 401,
  'MR-COL-003': 403,
  'MR-COL-004': 413,
  'MR-COL-005': 415,
  'MR-COL-006': 429,
  'MR-COL-007': 503,
};

const statusOf = (error: MillraceError): number => statuses[error.code] ?? (error.exitCode === 2 ? 400 : 500);

function sendError(reply: FastifyReply, error: MillraceError): FastifyReply {
  const { code, message, remedy } = error;
  return reply.status(statusOf(error)).send({ error: { code, message, remedy } });
}

/** Only this machine's own names: a page elsewhere must not reach the figures through a name of its own. */
const localNames = ['127.0.0.1', 'localhost', '[::1]'];

/** What pages of the shop and its services use; a request to it shows nothing, and writes only with a key. */
const openToAllNames = ['/v1/events', '/v1/*', '/tracker.js'];

const hostName = (host: string): string => host.replace(/:\d+$/, '');

function addRoutes(server: FastifyInstance, context: ServerContext): void {
  const typed = server.withTypeProvider<ZodTypeProvider>();
  typed.get('/api/health', async (_request, reply) => {
    const postgres = await context.postgres.rows('SELECT 1').then(
      () => 'up',
      () => 'down',
    );
    const publication = await context.warehouse.read(async (_duckdb, current) => current).catch(() => null);
    const status = postgres === 'up' && publication ? 'ok' : 'degraded';
    return reply.status(status === 'ok' ? 200 : 503).send({ status, postgres, publication });
  });
  const range = z.object({ from: z.string().optional(), to: z.string().optional() });
  typed.get('/api/overview', { schema: { querystring: range } }, ({ query }) =>
    context.warehouse.read(async (duckdb, { id, publishedAt, currency, timeZone }) => {
      const asked = { ...(query.from ? { from: query.from } : {}), ...(query.to ? { to: query.to } : {}) };
      const overview = await readOverview(duckdb, asked, context.home);
      return { currency, timeZone, publication: { id, publishedAt }, ...overview };
    }),
  );
}

/** How long a request may take to arrive, in milliseconds: what is reserved for it is then free again. */
const slowestRequest = 30_000;

const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** The tracker is for pages of other origins, which look for a newer one after an hour. */
function addTrackerHeaders(reply: FastifyReply, path: string): void {
  if (basename(path) !== 'tracker.js') return;
  reply.header('cache-control', 'public, max-age=3600');
  reply.header('access-control-allow-origin', '*');
  reply.header('cross-origin-resource-policy', 'cross-origin');
}

/** Puts the server together; it does not listen yet. Errors: MR-CLI-003 when the dashboard was not built. */
export async function createServer(context: ServerContext, host: string): Promise<FastifyInstance> {
  const page = join(context.dashboard, 'index.html');
  if (!existsSync(page)) throw new MillraceError('MR-CLI-003', { path: page });
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: slowestRequest,
    frameworkErrors: (thrown, _request, reply) =>
      sendError(reply, new MillraceError('MR-SRV-002', { problem: problemOf(thrown) }, thrown)),
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook('onRequest', async (request, reply) => {
    const local = localNames.includes(host) || host === '::1';
    const open = openToAllNames.includes(request.routeOptions.url ?? '');
    if (local && !open && !localNames.includes(hostName(request.headers.host ?? ''))) {
      return sendError(reply, new MillraceError('MR-SRV-001', { host: request.headers.host ?? '' }));
    }
    return undefined;
  });
  server.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
  });
  server.setErrorHandler((thrown, _request, reply) => {
    const invalid = thrown instanceof Error && 'validation' in thrown;
    const error = invalid
      ? new MillraceError('MR-SRV-002', { problem: problemOf(thrown) }, thrown)
      : asMillraceError(thrown, context.home);
    if (error.code === 'MR-BUG-001') context.log.error({ err: thrown }, 'a request failed');
    return sendError(reply, error);
  });
  addRoutes(server, context);
  if (context.collector) await server.register(context.collector.routes);
  await server.register(fastifyStatic, { root: context.dashboard, wildcard: false, setHeaders: addTrackerHeaders });
  server.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' || /^\/(api|v1)\//.test(request.url)) {
      return sendError(reply, new MillraceError('MR-SRV-003', { path: request.url }));
    }
    return reply.sendFile('index.html');
  });
  return server;
}

/** Listens; gives the address. Errors: MR-CLI-002 when the port is in use, MR-CLI-004 when the address is none to use. */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE') {
      throw new MillraceError('MR-CLI-002', { host, port }, thrown);
    }
    throw new MillraceError('MR-CLI-004', { host, port, problem: problemOf(thrown) }, thrown);
  }
}
