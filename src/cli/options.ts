/** Options that several commands share, and the reading of their words. */
import { InvalidArgumentError, Option } from 'commander';

/** A calendar day, YYYY-MM-DD. */
export function parseDay(text: string): string {
  const instant = new Date(`${text}T00:00:00Z`);
  const valid = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(instant.getTime());
  if (!valid || instant.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('Give a day as YYYY-MM-DD.');
  return text;
}

/** A whole number of at least 0, with k or m for thousands and millions. */
export function parseCount(text: string): number {
  const match = /^(\d+)([km]?)$/i.exec(text);
  if (!match) throw new InvalidArgumentError('Give a whole number, such as 10000 or 10k.');
  const factor = { '': 1, k: 1_000, m: 1_000_000 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Number(match[1]) * factor;
}

/** A TCP port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('Give a port from 0 to 65535.');
  return port;
}

/** The names that Millrace gives itself. */
const reservedSources = ['sample', 'shop'];

/** The name of a source that a user's files may have. */
export function parseNewSource(text: string): string {
  if (reservedSources.includes(text)) throw new InvalidArgumentError(`The name ${text} is Millrace's own.`);
  return parseSource(text);
}

/** The name of a source. */
export function parseSource(text: string): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(text)) {
    throw new InvalidArgumentError('Give a name of lower-case letters, digits, - and _.');
  }
  return text;
}

export const jsonOption = (): Option => new Option('--json', 'print the result as JSON');
export const inputOption = (): Option =>
  new Option(
    '--input <path>',
    'a folder with customers.csv, products.csv, transactions.csv and transaction_items.csv; or what a preset reads: a file or a folder',
  );
export const presetOption = (): Option =>
  new Option('--preset <name>', 'the shape of the files, such as shopify; or the path of a preset of your own');

/** One `name=value`, added to those that came before it. */
function collectOption(word: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9_]*)=(.*)$/s.exec(word) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give it as name=value.');
  return { ...before, [name]: value };
}
export const optionOption = (): Option =>
  new Option(
    '--option <name=value>',
    'what the preset is told, such as rate_EUR=1.08; may be given several times',
  ).argParser(collectOption);
export const sourceOption = (): Option =>
  new Option('--source <name>', 'the shop that the files come from, when there are several').argParser(parseNewSource);
export const asOfOption = (): Option =>
  new Option('--as-of <date>', 'the day on which the files were true; default: now').argParser(parseDay);
export const hostOption = (): Option => new Option('--host <address>', 'the address to listen on; default 127.0.0.1');
export const portOption = (): Option =>
  new Option('--port <number>', 'the port to listen on; default 4600').argParser(parsePort);
