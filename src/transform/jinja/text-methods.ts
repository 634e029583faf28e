/** The methods of Python's str. */
import { asIndex, asText, type Method, method } from './call-arguments.ts';
import { typeError, valueError } from './errors.ts';
import { clampBound } from './sequences.ts';
import { Dict, isInt, iterate, Tuple, typeName, type Value } from './values.ts';

type TextMethod = Method<string>;

const escapeForClass = (characters: string): string => characters.replaceAll(/[\\\]^-]/g, '\\$&');

/** Drops characters from the ends: whitespace, or those given. */
export function strip(text: string, characters: Value | undefined, ends: 'start' | 'end' | 'both'): string {
  const given = characters === undefined || characters === null ? undefined : asText(characters);
  if (given === '') return text;
  const one = given === undefined ? '\\s' : `[${escapeForClass(given)}]`;
  const left = ends === 'end' ? text : text.replace(new RegExp(`^${one}+`, 'u'), '');
  if (ends === 'start') return left;
  let end = left.length;
  const matches = new RegExp(`^${one}$`, 'u');
  while (end > 0) {
    const previous = end > 1 && (left.codePointAt(end - 2) ?? 0) > 0xffff ? end - 2 : end - 1;
    if (!matches.test(left.slice(previous, end))) break;
    end = previous;
  }
  return left.slice(0, end);
}

function splitWhitespace(text: string, limit: number): Value[] {
  const parts: Value[] = [];
  let rest = text.trimStart();
  while (rest && (limit < 0 || parts.length < limit)) {
    const match = /\s+/.exec(rest);
    if (!match) break;
    parts.push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) parts.push(rest);
  return parts;
}

function splitBy(text: string, separator: string, limit: number): Value[] {
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

const asSeparator = (value: Value | undefined): string | undefined => {
  if (value === undefined || value === null) return undefined;
  const separator = asText(value);
  if (separator === '') throw valueError('empty separator');
  return separator;
};

function split(text: string, separator: Value | undefined, limit: Value | undefined): Value[] {
  const by = asSeparator(separator);
  return by === undefined ? splitWhitespace(text, asIndex(limit, -1)) : splitBy(text, by, asIndex(limit, -1));
}

const reverseText = (text: string): string => [...text].reverse().join('');

function rsplit(text: string, separator: Value | undefined, limit: Value | undefined): Value[] {
  const by = asSeparator(separator);
  const parts = split(reverseText(text), by === undefined ? undefined : reverseText(by), limit);
  return parts.map((part) => reverseText(asText(part))).reverse();
}

const title = (text: string): string =>
  text.toLowerCase().replaceAll(/\p{L}+/gu, (word) => {
    const [first = '', ...rest] = word;
    return first.toUpperCase() + rest.join('');
  });

const swapCase = (text: string): string =>
  text.replaceAll(/\p{L}/gu, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );

/** First letter upper case, the rest lower case. */
export function capitalize(text: string): string {
  const [first = '', ...rest] = text;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** Replaces so many occurrences from the left; all when the count is negative. */
export function replaceText(text: string, old: string, replacement: string, count = -1): string {
  if (count < 0) return text.replaceAll(old, () => replacement);
  let left = count;
  return text.replaceAll(old, (found) => {
    left -= 1;
    return left >= 0 ? replacement : found;
  });
}

function searchRange(text: string, start: Value | undefined, end: Value | undefined): readonly [number, string] {
  const characters = [...text];
  const from = clampBound(asIndex(start, 0), characters.length);
  const to = clampBound(asIndex(end, characters.length), characters.length);
  return [from, characters.slice(from, Math.max(from, to)).join('')];
}

function find(
  text: string,
  wanted: Value | undefined,
  start: Value | undefined,
  end: Value | undefined,
  last: boolean,
): number {
  const [offset, part] = searchRange(text, start, end);
  const index = last ? part.lastIndexOf(asText(wanted)) : part.indexOf(asText(wanted));
  return index === -1 ? -1 : offset + [...part.slice(0, index)].length;
}

function indexOf(
  text: string,
  wanted: Value | undefined,
  start: Value | undefined,
  end: Value | undefined,
  last: boolean,
): number {
  const index = find(text, wanted, start, end, last);
  if (index === -1) throw valueError('substring not found');
  return index;
}

function countOf(text: string, wanted: Value | undefined, start: Value | undefined, end: Value | undefined): number {
  const [, part] = searchRange(text, start, end);
  const sought = asText(wanted);
  return sought === '' ? [...part].length + 1 : part.split(sought).length - 1;
}

/** Whether a text starts or ends with a text, or with any of a tuple's. */
function hasAffix(
  name: 'startsWith' | 'endsWith',
  text: string,
  affix: Value | undefined,
  start: Value | undefined,
  end: Value | undefined,
): boolean {
  const [, part] = searchRange(text, start, end);
  if (affix instanceof Tuple) return affix.items.some((item) => part[name](asText(item)));
  if (typeof affix === 'string') return part[name](affix);
  const method = name.toLowerCase();
  throw typeError(`${method} first arg must be str or a tuple of str, not ${typeName(affix ?? null)}`);
}

function justify(
  text: string,
  width: Value | undefined,
  fill: Value | undefined,
  left: (missing: number) => number,
): string {
  const missing = Math.max(0, asIndex(width, 0) - [...text].length);
  const character = fill === undefined ? ' ' : asText(fill);
  if ([...character].length !== 1) throw typeError('The fill character must be exactly one character long');
  const before = left(missing);
  return character.repeat(before) + text + character.repeat(missing - before);
}

/** Where Python puts the odd blank of a centred text. */
const centreLeft = (width: number) => (missing: number) => Math.floor(missing / 2) + (missing & width & 1);

/** The text centred in a width. */
export const centre = (text: string, width: Value | undefined, fill?: Value): string =>
  justify(text, width, fill, centreLeft(asIndex(width, 0)));

function zfill(text: string, width: Value | undefined): string {
  const [, sign = '', digits = ''] = /^([+-]?)([\s\S]*)$/.exec(text) ?? [];
  return sign + digits.padStart(asIndex(width, 0) - sign.length, '0');
}

/** The text of each item with a text between them; throws TypeError for items that are no str. */
function join(separator: string, items: Value | undefined): string {
  return [...iterate(items ?? null)]
    .map((item, index) => {
      if (typeof item === 'string') return item;
      throw typeError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
    })
    .join(separator);
}

function partition(text: string, separator: Value | undefined, last: boolean): Tuple {
  const by = asSeparator(separator) ?? '';
  const index = last ? text.lastIndexOf(by) : text.indexOf(by);
  if (index === -1) return new Tuple(last ? ['', '', text] : [text, '', '']);
  return new Tuple([text.slice(0, index), by, text.slice(index + by.length)]);
}

/** The lines of a text, with their ends where they are to be kept. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines = text.match(/[^\r\n\v\f\u2028\u2029]*(?:\r\n|[\r\n\v\f\u2028\u2029]|$)/g) ?? [];
  const whole = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  return keepEnds ? whole : whole.map((line) => line.replace(/(?:\r\n|[\r\n\v\f\u2028\u2029])$/, ''));
}

function expandTabs(text: string, size: Value | undefined): string {
  const width = asIndex(size, 8);
  let column = 0;
  let result = '';
  for (const character of text) {
    const isTab = character === '\t';
    const added = isTab ? ' '.repeat(width > 0 ? width - (column % width) : 0) : character;
    column = character === '\n' || character === '\r' ? 0 : column + added.length;
    result += added;
  }
  return result;
}

function removeAffix(text: string, affix: Value | undefined, name: 'startsWith' | 'endsWith'): string {
  const part = asText(affix);
  if (part === '' || !text[name](part)) return text;
  return name === 'startsWith' ? text.slice(part.length) : text.slice(0, -part.length);
}

function translate(text: string, table: Value | undefined): string {
  if (!(table instanceof Map)) throw typeError(`'${typeName(table ?? null)}' object is not subscriptable`);
  return [...text]
    .map((character) => {
      const mapped = table.get(character.codePointAt(0) ?? 0);
      if (mapped === undefined) return character;
      if (mapped === null) return '';
      return isInt(mapped) ? String.fromCodePoint(Number(mapped)) : asText(mapped);
    })
    .join('');
}

function makeTranslation(from: Value | undefined, to: Value | undefined, removed: Value | undefined): Dict {
  const point = (text: string): number => text.codePointAt(0) ?? 0;
  if (from instanceof Map) {
    return Dict.of([...from].map(([key, value]) => [typeof key === 'string' ? point(key) : key, value]));
  }
  const sources = [...asText(from)];
  const targets = [...asText(to)];
  if (sources.length !== targets.length) {
    throw valueError('the first two maketrans arguments must have equal length');
  }
  const pairs = sources.map((source, index) => [point(source), point(targets[index] ?? '')] as const);
  const drops = removed === undefined ? [] : [...asText(removed)].map((source) => [point(source), null] as const);
  return Dict.of([...pairs, ...drops]);
}

const matches = (pattern: RegExp): TextMethod => method([], (text) => pattern.test(text));

/** Whether there are letters that have cases, and all are in one. */
export const isCased = (text: string, cased: string): boolean =>
  text === cased && text.toLowerCase() !== text.toUpperCase();

const isTitle = (text: string): boolean => /\p{L}/u.test(text) && title(text) === text;

const stripped = (ends: 'start' | 'end' | 'both'): TextMethod =>
  method(['chars?'], (text, characters) => strip(text, characters, ends));

/** Name -> method. */
export const textMethods: Readonly<Record<string, TextMethod>> = {
  upper: method([], (text) => text.toUpperCase()),
  lower: method([], (text) => text.toLowerCase()),
  casefold: method([], (text) => text.toLowerCase().replaceAll('ß', 'ss')),
  capitalize: method([], capitalize),
  title: method([], title),
  swapcase: method([], swapCase),
  strip: stripped('both'),
  lstrip: stripped('start'),
  rstrip: stripped('end'),
  split: method(['sep?', 'maxsplit?'], split),
  rsplit: method(['sep?', 'maxsplit?'], rsplit),
  splitlines: method(['keepends?'], (text, keepEnds) => splitLines(text, keepEnds === true)),
  partition: method(['sep'], (text, separator) => partition(text, separator, false)),
  rpartition: method(['sep'], (text, separator) => partition(text, separator, true)),
  join: method(['iterable'], join),
  replace: method(['old', 'new', 'count?'], (text, old, replacement, count) =>
    replaceText(text, asText(old), asText(replacement), asIndex(count, -1)),
  ),
  startswith: method(['prefix', 'start?', 'end?'], (text, ...given) =>
    hasAffix('startsWith', text, given[0], given[1], given[2]),
  ),
  endswith: method(['suffix', 'start?', 'end?'], (text, ...given) =>
    hasAffix('endsWith', text, given[0], given[1], given[2]),
  ),
  removeprefix: method(['prefix'], (text, prefix) => removeAffix(text, prefix, 'startsWith')),
  removesuffix: method(['suffix'], (text, suffix) => removeAffix(text, suffix, 'endsWith')),
  find: method(['sub', 'start?', 'end?'], (text, wanted, start, end) => find(text, wanted, start, end, false)),
  rfind: method(['sub', 'start?', 'end?'], (text, wanted, start, end) => find(text, wanted, start, end, true)),
  index: method(['sub', 'start?', 'end?'], (text, wanted, start, end) => indexOf(text, wanted, start, end, false)),
  rindex: method(['sub', 'start?', 'end?'], (text, wanted, start, end) => indexOf(text, wanted, start, end, true)),
  count: method(['sub', 'start?', 'end?'], countOf),
  center: method(['width', 'fillchar?'], centre),
  ljust: method(['width', 'fillchar?'], (text, width, fill) => justify(text, width, fill, () => 0)),
  rjust: method(['width', 'fillchar?'], (text, width, fill) => justify(text, width, fill, (missing) => missing)),
  zfill: method(['width'], zfill),
  expandtabs: method(['tabsize?'], expandTabs),
  translate: method(['table'], translate),
  maketrans: method(['x', 'y?', 'z?'], (_text, from, to, removed) => makeTranslation(from, to, removed)),
  isdigit: matches(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
  isdecimal: matches(/^\p{Nd}+$/u),
  isnumeric: matches(/^\p{N}+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isspace: matches(/^\s+$/u),
  isidentifier: matches(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u),
  isascii: matches(/^\p{ASCII}*$/u),
  isprintable: matches(/^(?:[^\p{C}\p{Z}]| )*$/u),
  isupper: method([], (text) => isCased(text, text.toUpperCase())),
  islower: method([], (text) => isCased(text, text.toLowerCase())),
  istitle: method([], isTitle),
};
