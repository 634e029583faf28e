/** What JSON.parse does not tell of a JSON text: keys that repeat, what is not to be stored, the place and size of parts. */
import { deepest } from './event-contract.ts';

const quote = 0x22;
const backslash = 0x5c;

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
const opens = (code: number): boolean => code === 0x7b || code === 0x5b;
const closes = (code: number): boolean => code === 0x7d || code === 0x5d;
const startsNumber = (code: number): boolean => code === 0x2d || (code >= 0x30 && code <= 0x39);
const isOfNumber = (code: number): boolean =>
  startsNumber(code) || code === 0x2e || code === 0x2b || code === 0x45 || code === 0x65;

/** Where the string that begins here ends: the place of its closing quote; the end of the text where it has none. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function endOfNumber(text: string, from: number): number {
  let end = from + 1;
  while (isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

const isKey = (text: string, end: number): boolean => text.charCodeAt(skipBlanks(text, end + 1)) === 0x3a;

const decode = (token: string): string => (token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1));

/** Whether the number cannot be held; only long ones and those with an exponent need to be read for that. */
const isBoundless = (token: string): boolean =>
  (token.length > 200 || /e/i.test(token)) && !Number.isFinite(Number(token));

/** Whether the string has a zero character or half of a surrogate pair, which only an escape can bring. */
function isUnstorable(token: string): boolean {
  if (!token.includes('\\u')) return false;
  const value = decode(token);
  return value.includes('\0') || !value.isWellFormed();
}

/**
 * What is wrong with the text of a JSON object that JSON.parse takes: 'malformed' when it holds what is not to be
 * stored, 'repeated' when a key occurs twice in the object or in its `properties`.
 */
export function inspect(text: string): 'malformed' | 'repeated' | undefined {
  const keys = new Set<string>();
  const inner = new Set<string>();
  let repeated = false;
  let within = '';
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      const token = text.slice(at, end + 1);
      if (isUnstorable(token)) return 'malformed';
      if (depth <= 2 && (depth === 1 || within === 'properties') && isKey(text, end)) {
        const key = decode(token);
        const among = depth === 1 ? keys : inner;
        repeated ||= among.has(key);
        among.add(key);
        if (depth === 1) within = key;
      }
      at = end;
    } else if (opens(code)) {
      depth += 1;
      if (depth > deepest) return 'malformed';
    } else if (closes(code)) depth -= 1;
    else if (startsNumber(code)) {
      const end = endOfNumber(text, at);
      if (isBoundless(text.slice(at, end))) return 'malformed';
      at = end - 1;
    }
  }
  return repeated ? 'repeated' : undefined;
}

/** The parts of a JSON object or array of this text, between its brackets and commas; undefined where it is neither. */
function partsOf(text: string, opening: string): readonly string[] | undefined {
  const start = skipBlanks(text, 0);
  if (text[start] !== opening) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (opens(code)) depth += 1;
    else if (code === 0x2c && depth === 1) {
      parts.push(text.slice(from, at));
      from = at + 1;
    } else if (closes(code)) {
      depth -= 1;
      if (depth > 0) continue;
      const last = text.slice(from, at);
      return parts.length > 0 || last.trim() !== '' ? [...parts, last] : [];
    }
  }
  return undefined;
}

/**
 * The texts of the elements of a JSON array, without blanks around them; undefined when the text is no JSON array. The
 * elements of one that is none are not looked at by themselves.
 */
export function splitArray(text: string): readonly string[] | undefined {
  try {
    if (!Array.isArray(JSON.parse(text))) return undefined;
  } catch {
    return undefined;
  }
  return partsOf(text, '[')?.map((part) => part.trim());
}

/** The keys of a JSON object with the texts of their values. */
export const entriesOf = (text: string): readonly (readonly [key: string, value: string])[] =>
  (partsOf(text, '{') ?? []).map((part) => {
    const from = skipBlanks(part, 0);
    const end = endOfString(part, from);
    const colon = skipBlanks(part, end + 1);
    return [decode(part.slice(from, end + 1)), part.slice(colon + 1).trim()];
  });

/** A number as DuckDB writes it: whole ones of 64 bits as they are, others as the shortest text of their double. */
function canonicalNumber(token: string): string {
  if (/^-?[0-9]+$/.test(token)) return token === '-0' ? '0' : token;
  const value = Number(token);
  const text = (Object.is(value, -0) ? '-0' : String(value)).replace('e+', 'e');
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The UTF-8 bytes of a JSON text as it is stored: without blanks, strings and numbers in their shortest form. */
export function storedBytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      bytes += Buffer.byteLength(JSON.stringify(decode(text.slice(at, end + 1))));
      at = end;
    } else if (startsNumber(code)) {
      const end = endOfNumber(text, at);
      bytes += canonicalNumber(text.slice(at, end)).length;
      at = end - 1;
    } else if (!isBlank(code)) bytes += 1;
  }
  return bytes;
}
