/** `millrace shop`: the live shop: open it, order from it. */
import { Command, InvalidArgumentError } from 'commander';
import type { OrderLine } from '../shop/checkout.ts';
import { placeOrder } from '../shop/checkout.ts';
import { openShop } from '../shop/open.ts';
import type { App } from './app.ts';
import { jsonOption, parseSource } from './options.ts';
import { printResult } from './print.ts';

interface OpenWords {
  readonly from: string;
  readonly json?: true;
}

interface OrderWords {
  readonly item: readonly OrderLine[];
  readonly customer?: string;
  readonly payment: string;
  readonly json?: true;
}

function parseLine(text: string, before: readonly OrderLine[] = []): readonly OrderLine[] {
  const match = /^(.+):(\d+)$/.exec(text);
  if (!match?.[1] || !match[2]) throw new InvalidArgumentError('Give a product and a quantity, such as PROD0001:2.');
  return [...before, { productId: match[1], quantity: Number(match[2]) }];
}

const examples = `
Orders reach the figures with the next millrace run without --input, as source 'shop'.

Examples:
  millrace shop open --from sample
  millrace shop order --item PROD0001:2 --item PROD0007:1 --customer CUST0001
  millrace run`;

async function open(app: App, words: OpenWords): Promise<void> {
  const added = await app.withPipeline(({ postgres }) => openShop(postgres, words.from));
  printResult(
    app,
    words,
    added,
    ({ products, customers }) => `The shop has ${products} more products and ${customers} more customers.\n`,
  );
}

async function order(app: App, words: OrderWords): Promise<void> {
  const request = { customerId: words.customer, paymentMethod: words.payment, lines: words.item };
  const placed = await app.withPipeline(({ postgres, clock, ids }) => placeOrder(postgres, request, clock, ids));
  const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: app.config.currency });
  printResult(app, words, placed, ({ order, total }) => `${order}: ${money.format(total)}\n`);
}

/** The command. */
export const shopCommand = (app: () => App): Command =>
  new Command('shop')
    .description('the live shop: open it, order from it')
    .addHelpText('after', examples)
    .addCommand(
      new Command('open')
        .description('take over the customers and products of a loaded source')
        .requiredOption('--from <source>', 'the source, such as sample or csv', parseSource)
        .addOption(jsonOption())
        .addHelpText('after', examples)
        .action((words: OpenWords) => open(app(), words)),
    )
    .addCommand(
      new Command('order')
        .description('place an order; it takes its units out of stock or fails')
        .requiredOption('--item <product:quantity>', 'a line of the order; may be repeated', parseLine)
        .option('--customer <id>', 'who orders; a guest when left out')
        .option('--payment <method>', 'how it is paid', 'Credit Card')
        .addOption(jsonOption())
        .addHelpText('after', examples)
        .action((words: OrderWords) => order(app(), words)),
    );
