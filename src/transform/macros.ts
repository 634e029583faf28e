/** Macro files, rewritten so that every macro sees every other one, whatever the file and the order. */
import { MillraceError } from '../kernel/errors.ts';
import type { ProjectFile } from './files.ts';

/** The macros of a project. */
export interface Macros {
  /** The files as the template library gets them; their lines are those of the originals. */
  readonly files: readonly ProjectFile[];
  /** The tags, on one line, that make the macros named in `source` known to it; '' when it names none. */
  readonly importsFor: (source: string) => string;
}

/** A macro's opening tag (name, parameters, how it ends), or a stretch in which tags mean nothing. */
const macroTag =
  /\{#[\s\S]*?#\}|\{%-?\s*raw\s*-?%\}[\s\S]*?\{%-?\s*endraw\s*-?%\}|\{%-?\s*macro\s+(\w+)\s*\(((?:"[^"]*"|'[^']*'|[^"'%]|%(?!\}))*)\)\s*(-?)%\}/g;

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.match(/[A-Za-z_]\w*/g));

function macroNames(files: readonly ProjectFile[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, text } of files) {
    for (const [, name] of text.matchAll(macroTag)) {
      if (name === undefined) continue;
      const other = found.get(name);
      if (other !== undefined) {
        throw new MillraceError('MR-TRF-001', { path, problem: `the macro ${name} is also in ${other}` });
      }
      found.set(name, path);
    }
  }
  return found;
}

function importTags(names: ReadonlyMap<string, string>, words: ReadonlySet<string>, end: string): string {
  const byFile = Map.groupBy(
    [...names].filter(([name]) => words.has(name)),
    ([, path]) => path,
  );
  return [...byFile]
    .map(([path, macros]) => `{% from "${path}" import ${macros.map(([name]) => name).join(', ')} ${end}%}`)
    .join('');
}

/**
 * Finds the macros of the files. The template library lets a macro see only what was known before it in its own file, so
 * each body begins with the import of the macros that its file names, which happens when it is called; its parameters
 * stay what they are. Errors: MR-TRF-001 for a name that is taken twice.
 */
export function readMacros(files: readonly ProjectFile[]): Macros {
  const names = macroNames(files);
  const rewritten = files.map(({ path, text }) => {
    const words = wordsOf(text);
    return {
      path,
      text: text.replace(macroTag, (tag, name?: string, parameters = '', end = '') =>
        name === undefined ? tag : tag + importTags(names, words.difference(wordsOf(parameters)), end),
      ),
    };
  });
  return { files: rewritten, importsFor: (source) => importTags(names, wordsOf(source), '') };
}
