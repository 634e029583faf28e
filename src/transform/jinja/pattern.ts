/** Python's regular expressions as JavaScript's: the same pattern, written differently where the two languages differ. */
import { valueError } from './errors.ts';

/** Python's flags as bits. */
export const patternFlags = {
  IGNORECASE: 2,
  LOCALE: 4,
  MULTILINE: 8,
  DOTALL: 16,
  UNICODE: 32,
  VERBOSE: 64,
  ASCII: 256,
};

const inlineFlags: Readonly<Record<string, number>> = {
  i: patternFlags.IGNORECASE,
  m: patternFlags.MULTILINE,
  s: patternFlags.DOTALL,
  x: patternFlags.VERBOSE,
  a: patternFlags.ASCII,
  u: patternFlags.UNICODE,
};

const start = '(?<![\\s\\S])';
const end = '(?![\\s\\S])';

/** What a pattern's parts become, tried in order at each place; the first that matches is taken. */
function translations(flags: number): readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] {
  const multiline = (flags & patternFlags.MULTILINE) !== 0;
  const verbose = (flags & patternFlags.VERBOSE) !== 0;
  return [
    [/\\A/y, () => start],
    [/\\Z/y, () => end],
    [/\\a/y, () => '\\x07'],
    [/\\[\s\S]/y, ([whole]) => whole],
    [/\(\?P<(\w+)>/y, ([, name]) => `(?<${name}>`],
    [/\(\?P=(\w+)\)/y, ([, name]) => `\\k<${name}>`],
    [/\(\?#[^)]*\)/y, () => ''],
    [
      /\[(\^?)(\]?)((?:\\[\s\S]|[^\]\\])*)\]/y,
      ([, negation, bracket, rest]) => `[${negation}${bracket && '\\]'}${rest}]`,
    ],
    [/\{,(\d+)\}/y, ([, most]) => `{0,${most}}`],
    [/\$/y, () => (multiline ? '$' : `(?=\\n?${end})`)],
    ...(verbose ? ([[/\s+|#[^\n]*/y, () => '']] as const) : []),
    [/[\s\S]/y, ([character]) => character],
  ];
}

function translate(pattern: string, flags: number): string {
  const rules = translations(flags);
  let result = '';
  let index = 0;
  while (index < pattern.length) {
    for (const [rule, write] of rules) {
      rule.lastIndex = index;
      const match = rule.exec(pattern);
      if (!match) continue;
      result += write(match);
      index = rule.lastIndex;
      break;
    }
  }
  return result;
}

/**
 * A pattern of Python as a global expression of JavaScript.
 * @param flags Python's flags; those that the pattern begins with, as (?i), are added.
 * @throws JinjaError of kind ValueError for patterns that JavaScript cannot express.
 */
export function compilePattern(pattern: string, flags: number): RegExp {
  const inline = /^\(\?([aimsux]+)\)/.exec(pattern);
  const all = [...(inline?.[1] ?? '')].reduce((bits, letter) => bits | (inlineFlags[letter] ?? 0), flags);
  const has = (flag: number): boolean => (all & flag) !== 0;
  const letters = `gd${has(patternFlags.IGNORECASE) ? 'i' : ''}${has(patternFlags.MULTILINE) ? 'm' : ''}${has(patternFlags.DOTALL) ? 's' : ''}`;
  try {
    return new RegExp(translate(pattern.slice(inline?.[0].length ?? 0), all), letters);
  } catch (error) {
    throw valueError(`the pattern '${pattern}' cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}
