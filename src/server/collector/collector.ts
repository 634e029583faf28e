/** The event collector: takes events over HTTP, judges them, and acknowledges them once they are on the disk. */
import fastifyCors from '@fastify/cors';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { CollectorConfig } from '../../kernel/config.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import { createAdmission } from './admission.ts';
import { type Collected, collectedSchema, collectorStatusSchema, type Verdict } from './answers.ts';
import { contentTypes, readEvents, requestLimits, unpack } from './body.ts';
import { type EventLog, type EventLogOptions, openEventLog } from './event-log.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { asCollectorError, bytesOf, keyOf, typeOf } from './requests.ts';
import type { FindKey, KeyOwner } from './write-keys.ts';

/** Gives the ids of the rules that one event breaks, none when it is good. */
export type Judge = (text: string, receivedAt: Date) => readonly string[];

/** What a collector is made of. */
export interface CollectorOptions
  extends Pick<EventLogOptions, 'folder' | 'pid' | 'clock' | 'ids' | 'onSegment' | 'openFile'> {
  readonly config: CollectorConfig;
  readonly judge: Judge;
  /** The JSON Schema of an event. */
  readonly schema: object;
  readonly findKey: FindKey;
  readonly log: Logger;
}

/** A collector that is open. */
export interface Collector {
  /** Its routes: POST /v1/events, GET /api/collector, GET /api/schema/event.json. */
  readonly routes: FastifyPluginAsync;
  /** Takes nothing more; resolves when every request under way has its answer, or after five seconds. */
  drain(): Promise<void>;
  /** Drains, closes the open segments and hands them over. */
  close(): Promise<void>;
}

const seconds = (value: unknown): string => String(Math.max(1, Math.ceil(Number(value))));

function judgeAll(texts: readonly string[], judge: Judge, receivedAt: Date): Collected {
  const events = texts.map((text): Verdict => {
    const rules = judge(text, receivedAt);
    return rules.length === 0 ? { status: 'accepted' } : { status: 'rejected', rules: [...rules] };
  });
  const accepted = events.filter(({ status }) => status === 'accepted').length;
  return { accepted, rejected: events.length - accepted, events };
}

/** Takes so many events off the allowance of their key. Errors: MR-COL-006. */
function charge(rateLimit: RateLimit, rate: number, { id }: KeyOwner, events: number): void {
  const wait = rateLimit.take(id, events);
  if (wait > 0) throw new MillraceError('MR-COL-006', { rate, retryAfter: wait });
}

/** Opens a collector over its folder, and takes over what a process that is gone left there. Errors: MR-DSK-002. */
export async function createCollector(options: CollectorOptions): Promise<Collector> {
  const { judge, findKey, config, clock, log } = options;
  const eventLog: EventLog = await openEventLog({
    ...options,
    ...config,
    onError: (thrown) => log.warn({ err: thrown }, 'the collector met a failure'),
  });
  const rateLimit = createRateLimit(config.rate, config.burst, clock);
  const admission = createAdmission(config.memoryBytes);
  const counts = new Map<string, { readonly accepted: number; readonly rejected: number }>();

  /** Whom the events belong to. Errors: MR-COL-002, MR-COL-003. */
  async function ownerOf(request: FastifyRequest): Promise<KeyOwner> {
    const { origin } = request.headers;
    if (origin !== undefined && !config.origins.includes(origin)) throw new MillraceError('MR-COL-003', { origin });
    const key = keyOf(request);
    const owner = key === undefined ? undefined : await findKey(key);
    if (!owner) throw new MillraceError('MR-COL-002');
    return owner;
  }

  async function keep(owner: KeyOwner, texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return;
    try {
      await eventLog.append(owner.source, Buffer.from(`${texts.join('\n')}\n`), texts.length);
    } catch (thrown) {
      rateLimit.giveBack(owner.id, texts.length);
      throw thrown;
    }
  }

  function count(source: string, { accepted, rejected }: Collected): void {
    const sum = counts.get(source) ?? { accepted: 0, rejected: 0 };
    counts.set(source, { accepted: sum.accepted + accepted, rejected: sum.rejected + rejected });
  }

  async function collect(request: FastifyRequest, owner: KeyOwner): Promise<Collected> {
    // Without a length and a type there is no body at all.
    const sent = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const texts = readEvents(await unpack(sent, request.headers['content-encoding']), typeOf(request));
    charge(rateLimit, config.rate, owner, texts.length);
    const collected = judgeAll(texts, judge, clock());
    await keep(owner, texts);
    count(owner.source, collected);
    return collected;
  }

  const eventRoutes: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      [...contentTypes],
      { parseAs: 'buffer', bodyLimit: requestLimits.bytes },
      (_request, body, done) => done(null, body),
    );
    await scope.register(fastifyCors, {
      origin: [...config.origins],
      methods: ['POST'],
      allowedHeaders: ['content-type', 'content-encoding', 'x-write-key'],
      exposedHeaders: ['retry-after'],
      maxAge: 86_400,
    });
    scope.setErrorHandler((thrown, request, reply) => {
      const error = asCollectorError(thrown, request);
      if (error instanceof MillraceError && error.details.retryAfter !== undefined) {
        reply.header('retry-after', seconds(error.details.retryAfter));
      }
      throw error;
    });
    scope.decorateRequest('writeKeyOwner');
    scope.withTypeProvider<ZodTypeProvider>().post(
      '/events',
      {
        schema: { response: { 202: collectedSchema } },
        // Who may not send, or what cannot be kept, is told before the body is read.
        onRequest: async (request, reply) => {
          admission.enter(reply, bytesOf(request));
          request.setDecorator('writeKeyOwner', await ownerOf(request));
          await eventLog.checkSpace();
        },
      },
      async (request, reply) => {
        const collected = await collect(request, request.getDecorator<KeyOwner>('writeKeyOwner'));
        return reply.status(202).send(collected);
      },
    );
  };

  const routes: FastifyPluginAsync = async (server) => {
    await server.register(eventRoutes, { prefix: '/v1' });
    const typed = server.withTypeProvider<ZodTypeProvider>();
    typed.get('/api/schema/event.json', (_request, reply) =>
      reply.type('application/schema+json').send(JSON.stringify(options.schema)),
    );
    typed.get('/api/collector', { schema: { response: { 200: collectorStatusSchema } } }, async () => {
      const { segments, ...status } = eventLog.status();
      const names = [...new Set([...counts.keys(), ...Object.keys(segments)])].sort();
      const sources = names.map((source) => ({
        source,
        ...(counts.get(source) ?? { accepted: 0, rejected: 0 }),
        ...(segments[source] ?? { open: null, waiting: 0 }),
      }));
      return {
        state: admission.closed ? ('closing' as const) : ('open' as const),
        sources,
        bytesInMemory: admission.bytes,
        ...status,
      };
    });
  };

  return {
    routes,
    drain: admission.drain,
    async close() {
      await admission.drain();
      await eventLog.close();
    },
  };
}
