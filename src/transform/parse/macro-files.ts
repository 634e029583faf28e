/** Macros as they lie in files: the engine's own, the project's and those of its packages. */
import { join } from 'node:path';
import { MillraceError } from '../../kernel/errors.ts';
import { normaliseSource } from '../jinja/lexer.ts';
import type { Block } from '../jinja/template.ts';
import type { ManifestMacro } from '../manifest/types.ts';
import type { ProjectDefinition } from './definition.ts';
import { type FoundFile, findFiles, readText } from './files.ts';
import type { Mutable } from './json.ts';
import { builtinPackage, describeMacro, Macros, macrosUsedBy } from './macros.ts';
import { readTemplate } from './workspace.ts';

/** Where the engine's own macros lie. */
const builtinFolder = join(import.meta.dirname, '..', 'builtin');

/** A file with macros. */
export interface MacroFile {
  readonly packageName: string;
  /** Absolute path of its project. */
  readonly root: string;
  readonly file: FoundFile;
  readonly text: string;
}

const filesOf = (packageName: string, root: string, folders: readonly string[]): readonly MacroFile[] =>
  findFiles(root, folders, ['.sql']).map((file) => ({
    packageName,
    root,
    file,
    text: readText(root, file.originalPath),
  }));

/** The files that hold macros: the engine's, then each package's macros and generic tests. */
export const macroFiles = (packages: readonly ProjectDefinition[]): readonly MacroFile[] => [
  ...filesOf(builtinPackage, builtinFolder, ['macros']),
  ...packages.flatMap(({ name, root, macroPaths, testPaths }) =>
    filesOf(name, root, [...macroPaths, ...testPaths.map((folder) => `${folder.replace(/\/+$/, '')}/generic`)]),
  ),
];

/** A macro's place, by which it is found again without parsing its file, and parsed without the others. */
export interface MacroPlace {
  readonly packageName: string;
  readonly name: string;
  readonly path: string;
  readonly line: number;
  /** The offsets of its block in the file's text as templates are read: its first character, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

const isMacro = (block: Block): boolean => ['macro', 'test', 'materialization'].includes(block.kind);

/** Macros that are parsed when they are asked for. */
export function rememberedMacros(
  packages: readonly ProjectDefinition[],
  files: readonly MacroFile[],
  places: readonly MacroPlace[],
): Macros {
  const [root] = packages;
  const macros = new Macros(root?.name ?? '', root?.dispatch ?? new Map());
  const byPath = new Map(files.map((file) => [`${file.packageName}\n${file.file.originalPath}`, file]));
  for (const place of places) {
    const file = byPath.get(`${place.packageName}\n${place.path}`);
    if (!file) continue;
    let block: Block | undefined;
    macros.add({
      packageName: place.packageName,
      name: place.name,
      path: place.path,
      line: place.line,
      id: `macro.${place.packageName}.${place.name}`,
      block: () => {
        block ??= readBlock(file, place);
        return block;
      },
    });
  }
  return macros;
}

/** The block at a place of a file. */
function readBlock({ text, file }: MacroFile, { name, line, start, end }: MacroPlace): Block {
  const [block] = readTemplate(normaliseSource(text).slice(start, end), file.originalPath, line).blocks;
  if (block?.name === name) return block;
  throw new Error(`The macro ${name} is not in ${file.originalPath}.`);
}

/** Blocks as they are written: with the space that their opening tags take away, and the file's own line ends. */
function sourcesOf(text: string, blocks: readonly Block[]): readonly string[] {
  const lines = text.replaceAll('\r\n', '\n');
  let end = 0;
  return blocks.map(({ source }) => {
    const start = Math.max(end, lines.indexOf(source, end));
    const [space = ''] = source.startsWith('{%-') ? (/\s*$/.exec(lines.slice(end, start)) ?? []) : [];
    end = start + source.length;
    return lines === text ? space + source : (space + source).replaceAll('\n', '\r\n');
  });
}

/** All macros, and what the manifest says of them. Errors: MR-TRF-104 for two of one name in a package, MR-TRF-110. */
export function readMacros(
  packages: readonly ProjectDefinition[],
  files: readonly MacroFile[],
  now: number,
): {
  readonly macros: Macros;
  readonly manifest: Record<string, Mutable<ManifestMacro>>;
  readonly places: readonly MacroPlace[];
} {
  const [root] = packages;
  const macros = new Macros(root?.name ?? '', root?.dispatch ?? new Map());
  const manifest: Record<string, Mutable<ManifestMacro>> = {};
  const places: MacroPlace[] = [];
  for (const { packageName, file, text } of files) {
    const path = file.originalPath;
    const blocks = readTemplate(text, path).blocks.filter(isMacro);
    const sources = sourcesOf(text, blocks);
    for (const [index, block] of blocks.entries()) {
      const id = `macro.${packageName}.${block.name}`;
      const named = { packageName, name: block.name, path, line: block.line };
      const twin = macros.add({ ...named, id, block: () => block });
      if (twin) {
        const details = { path, line: block.line, kind: 'macro', name: block.name, other: twin.path };
        throw new MillraceError('MR-TRF-104', details);
      }
      places.push({ ...named, start: block.start, end: block.start + block.source.length });
      manifest[id] = describeMacro(block, sources[index] ?? '', packageName, path, now);
    }
  }
  for (const entry of macros.all()) {
    const described = manifest[entry.id];
    if (described) described.depends_on = { macros: macrosUsedBy(entry, macros) };
  }
  return { macros, manifest, places };
}
