/** jinja2's filters of texts. */
import { asIndex, asText } from './call-arguments.ts';
import { typeError } from './errors.ts';
import { type Filter, filter } from './filter.ts';
import { jsonText } from './json-text.ts';
import { exactFixed } from './numbers.ts';
import { percentFormat } from './percent-format.ts';
import { capitalize, centre, replaceText, splitLines, strip } from './text-methods.ts';
import { Dict, listOf, numeric, repr, str, Tuple, truthy, Undefined, type Value } from './values.ts';
import { wrapText } from './wrap-text.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

const escapeHtml = (value: Value): string =>
  str(value).replaceAll(/[&<>'"]/g, (character) => entities[character] ?? '');

const references: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

const unescapeHtml = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(amp|lt|gt|quot|apos|nbsp));/gi, (_, decimal, hexadecimal, name) => {
    if (name !== undefined) return references[name.toLowerCase()] ?? '';
    return String.fromCodePoint(Number.parseInt(decimal ?? hexadecimal, decimal ? 10 : 16));
  });

function stripTags(value: Value): string {
  const text = str(value)
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<[^>]*>/g, '');
  return unescapeHtml(text.split(/\s+/).filter(Boolean).join(' '));
}

const titleCase = (value: Value): string =>
  str(value)
    .split(/([-\s({[<]+)/)
    .filter(Boolean)
    .map((word) => {
      const [first = '', ...rest] = word;
      return first.toUpperCase() + rest.join('').toLowerCase();
    })
    .join('');

function truncate(value: Value, length: number, killWords: boolean, end: string, leeway: number): string {
  const characters = [...str(value)];
  if (characters.length <= length + leeway) return characters.join('');
  const kept = characters.slice(0, length - [...end].length).join('');
  const lastBlank = kept.lastIndexOf(' ');
  return (killWords || lastBlank === -1 ? kept : kept.slice(0, lastBlank)) + end;
}

function indent(value: Value, width: Value | undefined, first: boolean, blank: boolean): string {
  if (value instanceof Undefined) value.fail();
  const text = asText(value);
  const margin = typeof width === 'string' ? width : ' '.repeat(asIndex(width, 4));
  // The text gets one more line end, so that a line end at its end makes a line of its own.
  const [start = '', ...rest] = splitLines(`${text}\n`);
  const lines = rest.map((line) => (line || blank ? margin + line : line));
  return (first ? margin : '') + [start, ...lines].join('\n');
}

const byteUnits = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const binaryUnits = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function fileSize(value: Value, binary: boolean): string {
  const bytes = Number(numeric(value) ?? str(value));
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const units = binary ? binaryUnits : byteUnits;
  const level = units.findIndex((_, index) => bytes < base ** (index + 2));
  const power = level === -1 ? units.length - 1 : level;
  return `${exactFixed(bytes / base ** (power + 1), 1)} ${units[power]}`;
}

const encodeUrlPart = (value: Value, safe: string): string =>
  encodeURIComponent(str(value))
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', safe);

function encodeUrl(value: Value): string {
  if (typeof value === 'string' || (!(value instanceof Map) && !Array.isArray(value))) return encodeUrlPart(value, '/');
  const pairs = value instanceof Map ? [...value] : value.map((pair) => listOf(pair));
  return pairs
    .map(([key = null, item = null]) =>
      [key, item].map((part) => encodeUrlPart(part, '%2F').replaceAll('%20', '+')).join('='),
    )
    .join('&');
}

const htmlUnsafe: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', "'": '\\u0027' };

function toJson(value: Value, width: Value | undefined): string {
  const indentation = width === undefined || width === null ? undefined : asIndex(width, 0);
  const text = jsonText(value, { sortKeys: true, indent: indentation });
  return text.replaceAll(/[<>&']/g, (character) => htmlUnsafe[character] ?? '');
}

const formatFilter: Filter = (_context, input, args, kwargs) => {
  if (args.length > 0 && kwargs.size > 0)
    throw typeError("can't handle positional and keyword arguments at the same time");
  return percentFormat(str(input), kwargs.size > 0 ? Dict.of(kwargs) : new Tuple(args));
};

export const textFilters = {
  capitalize: filter([], (input) => capitalize(str(input))),
  center: filter(['width?'], (input, width = 80) => centre(str(input), width)),
  e: filter([], escapeHtml),
  escape: filter([], escapeHtml),
  filesizeformat: filter(['binary?'], (input, binary = false) => fileSize(input, truthy(binary))),
  forceescape: filter([], escapeHtml),
  format: formatFilter,
  indent: filter(['width?', 'first?', 'blank?'], (input, width, first = false, blank = false) =>
    indent(input, width, truthy(first), truthy(blank)),
  ),
  lower: filter([], (input) => str(input).toLowerCase()),
  pprint: filter([], (input) => repr(input)),
  replace: filter(['old', 'new', 'count?'], (input, old = null, replacement = null, count) =>
    replaceText(str(input), str(old), str(replacement), asIndex(count, -1)),
  ),
  safe: filter([], (input) => str(input)),
  string: filter([], (input) => str(input)),
  striptags: filter([], stripTags),
  title: filter([], titleCase),
  tojson: filter(['indent?'], toJson),
  trim: filter(['chars?'], (input, characters) => strip(str(input), characters, 'both')),
  truncate: filter(
    ['length?', 'killwords?', 'end?', 'leeway?'],
    (input, length, killWords = false, end = '...', leeway) =>
      truncate(input, asIndex(length, 255), truthy(killWords), asText(end), asIndex(leeway, 5)),
  ),
  upper: filter([], (input) => str(input).toUpperCase()),
  urlencode: filter([], encodeUrl),
  wordcount: filter([], (input) => str(input).match(/[\p{L}\p{N}\p{M}_]+/gu)?.length ?? 0),
  wordwrap: filter(
    ['width?', 'break_long_words?', 'wrapstring?', 'break_on_hyphens?'],
    (input, width, breakLongWords = true, separator = '\n', breakOnHyphens = true) => {
      const options = { breakLongWords: truthy(breakLongWords), breakOnHyphens: truthy(breakOnHyphens) };
      return splitLines(str(input))
        .map((line) => wrapText(line, asIndex(width, 79), options).join(separator === null ? '\n' : asText(separator)))
        .join(separator === null ? '\n' : asText(separator));
    },
  ),
} as const;
