/** Shell patterns as Python reads them: fnmatch for names, pathlib's glob for paths below a folder. */

const literal = (text: string): string => text.replace(/[^\w\s]/g, '\\$&');

/** A class such as [a-z] or [!0-9] as a regular expression; a range that runs backwards holds nothing. */
function classSource(body: string): string {
  const negated = body.startsWith('!');
  const members: string[] = [];
  const characters = [...(negated ? body.slice(1) : body)];
  for (let at = 0; at < characters.length; at++) {
    const [from = '', dash, to] = characters.slice(at, at + 3);
    if (dash === '-' && to !== undefined) {
      if (from <= to) members.push(`${literal(from)}-${literal(to)}`);
      at += 2;
    } else members.push(literal(from));
  }
  if (members.length === 0) return negated ? '[^]' : '[]';
  return `[${negated ? '^' : ''}${members.join('')}]`;
}

/** Where the class that begins at `open` ends, or -1: a bracket directly after the opening one is a member. */
function classEnd(pattern: string, open: number): number {
  const first = pattern[open + 1] === '!' ? open + 2 : open + 1;
  return pattern.indexOf(']', pattern[first] === ']' ? first + 1 : first);
}

function patternSource(pattern: string): string {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    const end = character === '[' ? classEnd(pattern, at) : -1;
    if (end >= 0) {
      source += classSource(pattern.slice(at + 1, end));
      at = end;
    } else if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else source += literal(character);
  }
  return source;
}

const wildcards = /[*?[\]]/;

/** Whether a text has a character that means more than itself in a pattern. */
export const hasWildcard = (text: string): boolean => wildcards.test(text);

/** A test for names: `*` is any text, `?` any character, `[a-z]` and `[!a-z]` one of a class or none of it. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  if (!hasWildcard(pattern)) return (name) => name === pattern;
  const whole = new RegExp(`^${patternSource(pattern)}$`, 's');
  return (name) => whole.test(name);
}

type PartMatcher = ((name: string) => boolean) | 'folders';

/** Whether the parts of a path from `at` on match the matchers from `next` on. */
function partsMatch(parts: readonly string[], matchers: readonly PartMatcher[], at = 0, next = 0): boolean {
  const matcher = matchers[next];
  if (matcher === undefined) return at === parts.length;
  if (matcher !== 'folders') {
    const part = parts[at];
    return part !== undefined && matcher(part) && partsMatch(parts, matchers, at + 1, next + 1);
  }
  for (let after = at; after <= parts.length; after++) if (partsMatch(parts, matchers, after, next + 1)) return true;
  return false;
}

const partsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** A test for paths below a folder; the folder itself is ''. `**` stands for any folders, at the end for folders alone. */
export function pathMatcher(pattern: string): (path: string, kind: 'file' | 'folder') => boolean {
  const parts = partsOf(pattern);
  const matchers = parts.map((part): PartMatcher => (part === '**' ? 'folders' : nameMatcher(part)));
  const foldersOnly = parts.at(-1) === '**';
  return (path, kind) => !(foldersOnly && kind === 'file') && partsMatch(partsOf(path), matchers);
}
