/** Python's module re, as dbt gives it to templates. */
import { asIndex, asText, bindMethod, type Method, makeFunction, method } from './call-arguments.ts';
import { JinjaError, typeError } from './errors.ts';
import { makeModule } from './modules.ts';
import { compilePattern, patternFlags } from './pattern.ts';
import { unescapeText } from './string-literals.ts';
import { Callable, Dict, type HostObject, isInt, repr, Tuple, typeName, type Value } from './values.ts';

const noSuchGroup = (): JinjaError => new JinjaError('IndexError', 'no such group');

/** What a search found. */
class Match implements HostObject {
  readonly typeName = 're.Match';
  readonly match: RegExpExecArray;

  constructor(match: RegExpExecArray) {
    this.match = match;
  }

  /** A group's text by its number or name; None where it took no part. */
  group(key: Value): Value {
    const { groups = {} } = this.match;
    const index = isInt(key) ? Number(key) : undefined;
    if (index === undefined && !(typeof key === 'string' && Object.hasOwn(groups, key))) throw noSuchGroup();
    if (index !== undefined && (index < 0 || index >= this.match.length)) throw noSuchGroup();
    const text = index === undefined ? groups[String(key)] : this.match[index];
    return text ?? null;
  }

  /** Where a group begins and ends; -1 twice where it took no part. */
  span(key: Value): readonly [number, number] {
    if (this.group(key) === null) return [-1, -1];
    const { indices } = this.match;
    const found = isInt(key) ? indices?.[Number(key)] : indices?.groups?.[String(key)];
    return found ?? [-1, -1];
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'string') return this.match.input;
    const found = Object.hasOwn(matchMethods, name) ? matchMethods[name] : undefined;
    return found && bindMethod(name, found, this);
  }

  getItem(key: Value): Value {
    return this.group(key);
  }

  toText(): string {
    const [from, to] = this.span(0);
    return `<re.Match object; span=(${from}, ${to}), match=${repr(this.match[0])}>`;
  }
}

const matchMethods: Readonly<Record<string, Method<Match>>> = {
  group: method(['*'], (found, ...keys) => {
    const [first = 0, ...rest] = keys;
    return rest.length === 0 ? found.group(first) : new Tuple([first, ...rest].map((key) => found.group(key ?? null)));
  }),
  groups: method(
    ['default?'],
    ({ match }, fallback = null) => new Tuple(match.slice(1).map((text) => text ?? fallback)),
  ),
  groupdict: method(['default?'], ({ match }, fallback = null) =>
    Dict.of(Object.entries(match.groups ?? {}).map(([name, text]) => [name, text ?? fallback])),
  ),
  start: method(['group?'], (found, key = 0) => found.span(key)[0]),
  end: method(['group?'], (found, key = 0) => found.span(key)[1]),
  span: method(['group?'], (found, key = 0) => new Tuple(found.span(key))),
  expand: method(['template'], (found, template) => expandReplacement(asText(template), found)),
};

/** The replacement with the groups that it names put in. */
function expandReplacement(template: string, found: Match): string {
  const text = (key: Value): string => String(found.group(key) ?? '');
  return template.replaceAll(/\\(?:g<(\w+)>|([1-9]\d?)|(\\)|([\s\S]))/g, (whole, name, number, backslash, letter) => {
    if (name !== undefined) return text(/^\d+$/.test(name) ? Number(name) : name);
    if (number !== undefined) return text(Number(number));
    if (backslash !== undefined) return '\\';
    const unescaped = unescapeText(`\\${letter}`);
    return 'text' in unescaped ? unescaped.text : whole;
  });
}

/** What a match is replaced by: a text with groups, or what a function makes of the match. */
async function replacementText(replacement: Value, found: Match): Promise<string> {
  if (typeof replacement === 'string') return expandReplacement(replacement, found);
  if (replacement instanceof Callable) return asText(await replacement.call([found], new Map()));
  throw typeError(`the replacement must be str or callable, not ${typeName(replacement)}`);
}

/** What findall gives of a match: the text, its one group, or a tuple of its groups. */
function foundText(match: RegExpExecArray): Value {
  if (match.length === 1) return match[0];
  const groups = match.slice(1).map((text) => text ?? '');
  return groups.length === 1 ? (groups[0] ?? '') : new Tuple(groups);
}

/** A pattern that was compiled. */
class Pattern implements HostObject {
  readonly typeName = 're.Pattern';
  readonly #source: string;
  readonly #flags: number;
  readonly #expression: RegExp;

  constructor(source: string, flags: number) {
    this.#source = source;
    this.#flags = flags;
    this.#expression = compilePattern(source, flags);
  }

  #exec(expression: RegExp, text: string): Match | null {
    expression.lastIndex = 0;
    const match = expression.exec(text);
    return match && new Match(match);
  }

  #anchored(suffix: string): RegExp {
    const { source, flags } = this.#expression;
    return new RegExp(`(?:${source})${suffix}`, flags.replace('g', 'y'));
  }

  search(text: string): Match | null {
    return this.#exec(this.#expression, text);
  }

  match(text: string): Match | null {
    return this.#exec(this.#anchored(''), text);
  }

  fullMatch(text: string): Match | null {
    return this.#exec(this.#anchored('(?![\\s\\S])'), text);
  }

  matches(text: string): readonly RegExpExecArray[] {
    return [...text.matchAll(this.#expression)];
  }

  /** The text with so many matches replaced (all for 0), and how many were. */
  async replace(text: string, replacement: Value, count: number): Promise<readonly [string, number]> {
    const matches = count > 0 ? this.matches(text).slice(0, count) : this.matches(text);
    let result = '';
    let from = 0;
    for (const match of matches) {
      result += text.slice(from, match.index) + (await replacementText(replacement, new Match(match)));
      from = match.index + match[0].length;
    }
    return [result + text.slice(from), matches.length];
  }

  split(text: string, limit: number): Value[] {
    const matches = limit > 0 ? this.matches(text).slice(0, limit) : this.matches(text);
    const parts: Value[] = [];
    let from = 0;
    for (const match of matches) {
      parts.push(text.slice(from, match.index), ...match.slice(1).map((group) => group ?? null));
      from = match.index + match[0].length;
    }
    return [...parts, text.slice(from)];
  }

  getAttribute(name: string): Value | undefined {
    if (name === 'pattern') return this.#source;
    if (name === 'flags') return this.#flags | patternFlags.UNICODE;
    const found = Object.hasOwn(patternMethods, name) ? patternMethods[name] : undefined;
    return found && bindMethod(name, found, this);
  }

  toText(): string {
    return `re.compile(${repr(this.#source)})`;
  }
}

const patternMethods: Readonly<Record<string, Method<Pattern>>> = {
  search: method(['string'], (pattern, text) => pattern.search(asText(text))),
  match: method(['string'], (pattern, text) => pattern.match(asText(text))),
  fullmatch: method(['string'], (pattern, text) => pattern.fullMatch(asText(text))),
  findall: method(['string'], (pattern, text) => pattern.matches(asText(text)).map(foundText)),
  finditer: method(['string'], (pattern, text) => pattern.matches(asText(text)).map((match) => new Match(match))),
  split: method(['string', 'maxsplit?'], (pattern, text, limit) => pattern.split(asText(text), asIndex(limit, 0))),
  sub: method(
    ['repl', 'string', 'count?'],
    async (pattern, replacement = null, text, count) =>
      (await pattern.replace(asText(text), replacement, asIndex(count, 0)))[0],
  ),
  subn: method(
    ['repl', 'string', 'count?'],
    async (pattern, replacement = null, text, count) =>
      new Tuple(await pattern.replace(asText(text), replacement, asIndex(count, 0))),
  ),
};

const asPattern = (value: Value | undefined, flags: Value | undefined): Pattern =>
  value instanceof Pattern ? value : new Pattern(asText(value), asIndex(flags, 0));

/** A pattern's method as a function of the module, which takes the pattern first and its flags last. */
function moduleFunction(name: string, { parameters, run }: Method<Pattern>): Value {
  return makeFunction(name, ['pattern', ...parameters, 'flags?'], (pattern, ...given) =>
    run(asPattern(pattern, given.at(-1)), ...given.slice(0, -1)),
  );
}

const functions: Readonly<Record<string, Value>> = Object.fromEntries(
  Object.entries(patternMethods).map(([name, run]) => [name, moduleFunction(name, run)]),
);

const { IGNORECASE, MULTILINE, DOTALL, VERBOSE, ASCII, UNICODE } = patternFlags;

/** The module re, as far as JavaScript's regular expressions can express it. */
export const reModule: HostObject = makeModule('re', {
  ...functions,
  compile: makeFunction('compile', ['pattern', 'flags?'], asPattern),
  escape: makeFunction('escape', ['pattern'], (text) =>
    asText(text).replaceAll(/[\s\\^$.|?*+()[\]{}\-&~#]/g, (character) => `\\${character}`),
  ),
  ...{ IGNORECASE, I: IGNORECASE, MULTILINE, M: MULTILINE, DOTALL, S: DOTALL },
  ...{ VERBOSE, X: VERBOSE, ASCII, A: ASCII, UNICODE, U: UNICODE },
});
