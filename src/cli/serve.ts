/** `millrace serve`: the dashboard and its API, until Ctrl-C. */
import { Command } from 'commander';
import { eventJsonSchema } from '../contracts/events/json-schema.ts';
import { eventJudge } from '../contracts/events/judge-one.ts';
import type { Logger } from '../kernel/log.ts';
import { loadCollected } from '../pipeline/events.ts';
import type { PipelineContext } from '../pipeline/run.ts';
import { type Collector, createCollector } from '../server/collector/collector.ts';
import { createKeyFinder } from '../server/collector/write-keys.ts';
import { createServer, listen } from '../server/server.ts';
import type { App } from './app.ts';
import { hostOption, portOption } from './options.ts';

/** Where to listen; the settings where left out. */
export interface ServeWords {
  readonly host?: string;
  readonly port?: number;
}

function openCollector(app: App, log: Logger, pipeline: PipelineContext): Promise<Collector> {
  const { postgres, clock, ids } = pipeline;
  return createCollector({
    folder: pipeline.collected,
    config: app.config.collector,
    pid: process.pid,
    judge: eventJudge(pipeline.eventContract),
    schema: eventJsonSchema(pipeline.eventContract),
    findKey: createKeyFinder(postgres, clock),
    onSegment: async (segment) => {
      const { drift } = await loadCollected(pipeline, segment);
      if (drift.length > 0) log.warn({ source: segment.source, drift }, 'events have what the contract does not know');
    },
    clock,
    ids,
    log,
  });
}

/** Serves until the user interrupts. Errors: MR-CLI-002, MR-CLI-003. */
export async function serve(app: App, words: ServeWords): Promise<void> {
  const host = words.host ?? app.config.host;
  const port = words.port ?? app.config.port;
  await app.withPipeline(async (pipeline) => {
    const warehouse = await app.openWarehouseReader();
    const log = await app.openLog();
    const collector = await openCollector(app, log, pipeline);
    try {
      const { dashboard, config } = app;
      const { postgres } = pipeline;
      const server = await createServer({ home: config.home, warehouse, postgres, dashboard, log, collector }, host);
      const address = await listen(server, host, port);
      app.output.settle();
      app.output.note(`The dashboard is at ${address} (Ctrl-C ends it).`);
      await app.untilInterrupted();
      await collector.drain();
      await server.close();
    } finally {
      await collector.close();
      warehouse.close();
    }
  });
}

/** The command. */
export const serveCommand = (app: () => App): Command =>
  new Command('serve')
    .description('show the dashboard and take events, until Ctrl-C')
    .addOption(hostOption())
    .addOption(portOption())
    .addHelpText('after', '\nExamples:\n  millrace serve\n  millrace serve --port 8080')
    .action((words: ServeWords) => serve(app(), words));
