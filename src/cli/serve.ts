/** `millrace serve`: the dashboard and its API, until Ctrl-C. */
import { Command } from 'commander';
import { createServer, listen } from '../server/server.ts';
import type { App } from './app.ts';
import { hostOption, portOption } from './options.ts';

/** Where to listen; the settings where left out. */
export interface ServeWords {
  readonly host?: string;
  readonly port?: number;
}

/** Serves until the user interrupts. Errors: MR-CLI-002, MR-CLI-003. */
export async function serve(app: App, words: ServeWords): Promise<void> {
  const host = words.host ?? app.config.host;
  const port = words.port ?? app.config.port;
  await app.withPipeline(async ({ postgres }) => {
    const warehouse = app.openWarehouseReader();
    try {
      const { dashboard, log, config } = app;
      const server = await createServer({ home: config.home, warehouse, postgres, dashboard, log }, host);
      const address = await listen(server, host, port);
      app.output.settle();
      app.output.note(`The dashboard is at ${address} (Ctrl-C ends it).`);
      await app.untilInterrupted();
      await server.close();
    } finally {
      warehouse.close();
    }
  });
}

/** The command. */
export const serveCommand = (app: () => App): Command =>
  new Command('serve')
    .description('show the dashboard, until Ctrl-C')
    .addOption(hostOption())
    .addOption(portOption())
    .addHelpText('after', '\nExamples:\n  millrace serve\n  millrace serve --port 8080')
    .action((words: ServeWords) => serve(app(), words));
