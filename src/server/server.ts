/** The HTTP server: the figures as JSON, and the dashboard's files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { asMillraceError, type ErrorCode, MillraceError, problemOf } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { readOverview } from '../metrics/overview.ts';
import type { WarehouseReader } from '../publish/warehouse.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';

/** What the server needs of its surroundings. */
export interface ServerContext {
  readonly home: string;
  readonly warehouse: WarehouseReader;
  readonly postgres: Postgres;
  /** The folder of the built dashboard. */
  readonly dashboard: string;
  readonly log: Logger;
}

const statuses: Partial<Record<ErrorCode, number>> = { 'MR-QRY-001': 503, 'MR-SRV-001': 403, 'MR-SRV-003': 404 };

const statusOf = (error: MillraceError): number => statuses[error.code] ?? (error.exitCode === 2 ? 400 : 500);

function sendError(reply: FastifyReply, error: MillraceError): FastifyReply {
  const { code, message, remedy } = error;
  return reply.status(statusOf(error)).send({ error: { code, message, remedy } });
}

/** Only this machine's own names: a page elsewhere must not reach the figures through a name of its own. */
const localNames = ['127.0.0.1', 'localhost', '[::1]'];

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

const contentSecurityPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** Puts the server together; it does not listen yet. Errors: MR-CLI-003 when the dashboard was not built. */
export async function createServer(context: ServerContext, host: string): Promise<FastifyInstance> {
  const page = join(context.dashboard, 'index.html');
  if (!existsSync(page)) throw new MillraceError('MR-CLI-003', { path: page });
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    frameworkErrors: (thrown, _request, reply) =>
      sendError(reply, new MillraceError('MR-SRV-002', { problem: problemOf(thrown) }, thrown)),
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.addHook('onRequest', async (request, reply) => {
    const local = localNames.includes(host) || host === '::1';
    if (local && !localNames.includes(hostName(request.headers.host ?? ''))) {
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
  await server.register(fastifyStatic, { root: context.dashboard, wildcard: false });
  server.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' || request.url.startsWith('/api/')) {
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
