/** `millrace keys`: the keys with which events are sent to the collector. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { addWriteKey, listWriteKeys, revokeWriteKey, type WriteKey } from '../server/collector/write-keys.ts';
import type { App } from './app.ts';
import { jsonOption, parseSource } from './options.ts';
import { printResult, tableStyle } from './print.ts';

interface Words {
  readonly json?: true;
}

function renderKeys(keys: readonly WriteKey[]): string {
  if (keys.length === 0) return 'There is no write key; `millrace keys add SOURCE` makes one.\n';
  const table = new Table({
    head: ['id', 'source', 'created', 'revoked'],
    style: tableStyle,
  });
  for (const { id, source, createdAt, revokedAt } of keys) {
    table.push([id, source, createdAt.toISOString(), revokedAt?.toISOString() ?? '']);
  }
  return `${table.toString()}\n`;
}

async function add(app: App, source: string, words: Words): Promise<void> {
  const made = await app.withPipeline(({ postgres, clock, ids }) => addWriteKey(postgres, source, { clock, ids }));
  printResult(
    app,
    words,
    made,
    ({ key, id }) => `${key}\nIt writes events of ${source}, as ${id}. Keep it: it is shown this once.\n`,
  );
}

async function list(app: App, words: Words): Promise<void> {
  const keys = await app.withPipeline(({ postgres }) => listWriteKeys(postgres));
  printResult(app, words, keys, renderKeys);
}

async function revoke(app: App, id: string, words: Words): Promise<void> {
  const revoked = await app.withPipeline(({ postgres, clock }) => revokeWriteKey(postgres, id, clock));
  printResult(
    app,
    words,
    revoked,
    (key) => `${key.id} of ${key.source} is revoked; a server refuses it within five seconds.\n`,
  );
}

const examples = `
Examples:
  millrace keys add web
  millrace keys list
  millrace keys revoke key_4f0c2a91d3b87e65`;

/** The command. */
export const keysCommand = (app: () => App): Command =>
  new Command('keys')
    .description('write keys, with which pages and services send events')
    .addHelpText('after', examples)
    .addCommand(
      new Command('add')
        .description('make a key for a source and show it, once')
        .argument('<source>', 'the source that its events belong to, such as web', parseSource)
        .addOption(jsonOption())
        .addHelpText('after', examples)
        .action((source: string, words: Words) => add(app(), source, words)),
    )
    .addCommand(
      new Command('list')
        .description('all keys, without their text')
        .addOption(jsonOption())
        .action((words: Words) => list(app(), words)),
    )
    .addCommand(
      new Command('revoke')
        .description('have a key refused from now on')
        .argument('<id>', 'the id of the key')
        .addOption(jsonOption())
        .addHelpText('after', examples)
        .action((id: string, words: Words) => revoke(app(), id, words)),
    );
