/** Cuts a template's text into tokens as jinja2's lexer does: text, tags, and what is within them. */
import { JinjaError } from './errors.ts';
import { parseIntText } from './numbers.ts';
import { unescapeText } from './string-literals.ts';
import { PyFloat, type Value } from './values.ts';

export type TokenType =
  | 'text'
  | 'expressionBegin'
  | 'expressionEnd'
  | 'tagBegin'
  | 'tagEnd'
  | 'name'
  | 'string'
  | 'number'
  | 'operator'
  | 'end';

export interface Token {
  readonly type: TokenType;
  /** The text as written; of text tokens, what remains of it after whitespace control; of strings, what they hold. */
  readonly text: string;
  /** The number's value. */
  readonly value: Value;
  readonly line: number;
  readonly column: number;
  /** Offsets in the source: the first character, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

const opening = /\{[{%#]/g;
const rawBegin = /\{%[-+]?\s*raw\s*(-%\}\s*|%\})/y;
const rawEnd = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g;
const commentEnd = /(?:\+|(-))?#\}/g;
const whitespace = /\s+/y;
const floatLiteral = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const integerLiteral = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const nameLiteral = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const stringLiteral = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operatorLiteral = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}=<>.:|,;]/y;
const tagEnd = /\+%\}|-%\}\s*|%\}/y;
const expressionEnd = /-\}\}\s*|\}\}/y;

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Reads a source from its start to its end; one is made for each template. */
class Lexer {
  readonly #source: string;
  readonly #file: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  #line: number;
  #lineStart = 0;
  #nextNewline: number;
  /** What closes the brackets that are open within a tag, the outermost first. */
  #closers: string[] = [];

  constructor(source: string, file: string, firstLine: number) {
    this.#line = firstLine;
    this.#source = source;
    this.#file = file;
    this.#nextNewline = source.indexOf('\n');
  }

  tokens(): readonly Token[] {
    while (this.#position < this.#source.length) this.#readText();
    this.#add('end', this.#source.length, this.#source.length, '');
    return this.#tokens;
  }

  #match(pattern: RegExp, at = this.#position): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.#source);
  }

  /** Line and column of an offset; offsets only grow, so that each newline is met once. */
  #place(offset: number): { readonly line: number; readonly column: number } {
    while (this.#nextNewline !== -1 && this.#nextNewline < offset) {
      this.#line += 1;
      this.#lineStart = this.#nextNewline + 1;
      this.#nextNewline = this.#source.indexOf('\n', this.#lineStart);
    }
    return { line: this.#line, column: offset - this.#lineStart + 1 };
  }

  #fail(message: string, offset: number): never {
    throw new JinjaError('TemplateSyntaxError', message, { place: { file: this.#file, ...this.#place(offset) } });
  }

  #add(type: TokenType, start: number, end: number, text: string, value: Value = null): void {
    this.#tokens.push({ type, text, value, ...this.#place(start), start, end });
  }

  #addText(start: number, end: number, stripsEnd: boolean): void {
    const text = this.#source.slice(start, end);
    const kept = stripsEnd ? text.trimEnd() : text;
    if (kept) this.#add('text', start, start + kept.length, kept);
  }

  #readText(): void {
    const found = this.#match(opening);
    const start = this.#position;
    if (!found) {
      this.#addText(start, this.#source.length, false);
      this.#position = this.#source.length;
      return;
    }
    this.#addText(start, found.index, this.#source[found.index + 2] === '-');
    this.#position = found.index;
    if (found[0] === '{#') this.#readComment();
    else if (this.#match(rawBegin)) this.#readRaw();
    else this.#readTag(found[0] === '{{');
  }

  #readComment(): void {
    const sign = this.#source[this.#position + 2] ?? '';
    const end = this.#match(commentEnd, this.#position + ('+-'.includes(sign) ? 3 : 2));
    if (!end) this.#fail("Missing end of comment tag, expected '#}'", this.#position);
    this.#position = end.index + end[0].length;
    if (end[1]) this.#skipWhitespace();
  }

  #skipWhitespace(): void {
    this.#position += this.#match(whitespace)?.[0].length ?? 0;
  }

  #readRaw(): void {
    const begin = this.#position;
    const start = begin + (this.#match(rawBegin)?.[0].length ?? 0);
    const end = this.#match(rawEnd, start);
    if (!end) this.#fail("Missing end of raw directive, expected '{% endraw %}'", begin);
    this.#addText(start, end.index, end[1] === '-');
    this.#position = end.index + end[0].length;
  }

  #readTag(isExpression: boolean): void {
    const start = this.#position;
    this.#add(isExpression ? 'expressionBegin' : 'tagBegin', start, start + 2, isExpression ? '{{' : '{%');
    this.#position += 2;
    const sign = this.#source[this.#position];
    if (sign === '-' || sign === '+') this.#position += 1;
    this.#closers = [];
    for (;;) {
      this.#skipWhitespace();
      if (this.#readEnd(isExpression)) return;
      if (this.#position >= this.#source.length) this.#failUnclosed(isExpression, start);
      this.#readToken();
    }
  }

  #failUnclosed(isExpression: boolean, start: number): never {
    const expected = this.#closers.at(-1) ?? (isExpression ? '}}' : '%}');
    return this.#fail(`unexpected end of template: '${expected}' is missing`, start);
  }

  #readEnd(isExpression: boolean): boolean {
    if (this.#closers.length > 0) return false;
    const end = this.#match(isExpression ? expressionEnd : tagEnd);
    if (!end) return false;
    const start = this.#position;
    this.#position += end[0].length;
    this.#add(isExpression ? 'expressionEnd' : 'tagEnd', start, this.#position, isExpression ? '}}' : '%}');
    return true;
  }

  #take(type: TokenType, text: string, value: Value = null, length = text.length): void {
    this.#add(type, this.#position, this.#position + length, text, value);
    this.#position += length;
  }

  #readToken(): void {
    if (this.#readNumber()) return;
    const name = this.#match(nameLiteral);
    const string = this.#match(stringLiteral);
    if (name) this.#take('name', name[0]);
    else if (string) this.#take('string', this.#unescape(string[0].slice(1, -1)), null, string[0].length);
    else this.#readOperator();
  }

  #readNumber(): boolean {
    const float = this.#source[this.#position - 1] === '.' ? null : this.#match(floatLiteral);
    const integer = this.#match(integerLiteral);
    if (float) this.#take('number', float[0], new PyFloat(Number(float[0].replaceAll('_', ''))));
    else if (integer) this.#take('number', integer[0], parseIntText(integer[0], 0) ?? null);
    return float !== null || integer !== null;
  }

  #readOperator(): void {
    const operator = this.#match(operatorLiteral);
    if (!operator) this.#failAtCharacter();
    this.#balance(operator[0]);
    this.#take('operator', operator[0]);
  }

  #failAtCharacter(): never {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#position) ?? 0);
    if (character === '"' || character === "'") this.#fail('a string is not closed', this.#position);
    return this.#fail(`unexpected char ${JSON.stringify(character)}`, this.#position);
  }

  #unescape(text: string): string {
    const result = unescapeText(text);
    if ('problem' in result) this.#fail(result.problem, this.#position);
    return result.text;
  }

  #balance(operator: string): void {
    const opened = closers[operator];
    if (opened) this.#closers.push(opened);
    if (operator !== ')' && operator !== ']' && operator !== '}') return;
    const closer = this.#closers.pop();
    if (closer === undefined) this.#fail(`unexpected '${operator}'`, this.#position);
    if (closer !== operator) this.#fail(`unexpected '${operator}', expected '${closer}'`, this.#position);
  }
}

/** The text as jinja2 reads it: lines end in \n alone, and one newline at the very end is dropped. */
export function normaliseSource(text: string): string {
  const lines = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
  return lines.endsWith('\n') ? lines.slice(0, -1) : lines;
}

/**
 * The tokens of a source that normaliseSource gave, ending with one of type 'end'.
 * @param firstLine The line of the file that the source begins at.
 * @throws JinjaError of kind TemplateSyntaxError.
 */
export const tokenize = (source: string, file: string, firstLine = 1): readonly Token[] =>
  new Lexer(source, file, firstLine).tokens();
