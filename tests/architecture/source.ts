/** The source as the architecture tests see it: files as a map from path to text, imports and calls as the parser sees them. */
import { globSync, readFileSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { parseSync, Visitor, type VisitorObject } from 'vite';

/** Path below the clone, with slashes, -> text. */
export type SourceFiles = ReadonlyMap<string, string>;

/** Reads all TypeScript files of the clone. */
export function readSource(root: string): SourceFiles {
  const patterns = ['src', 'web', 'tests', 'bench', 'scripts'].map((folder) => `${folder}/**/*.{ts,tsx}`);
  const paths = globSync(patterns, { cwd: root, exclude: (path) => /(^|\/)(dist|node_modules)$/.test(path) });
  return new Map(paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(root, path), 'utf8')]));
}

/** Walks the syntax tree of a file. */
export function visit(path: string, text: string, visitor: VisitorObject): void {
  const { program, errors } = parseSync(path, text, { lang: extname(path) === '.tsx' ? 'tsx' : 'ts' });
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  new Visitor(visitor).visit(program);
}

/** What a file imports, re-exports or takes types from, as written, in every form the language has. */
function specifiersOf(path: string, text: string): readonly string[] {
  const found: string[] = [];
  const add = (source: unknown): void => {
    const value = (source as { value?: unknown } | null)?.value;
    if (typeof value === 'string') found.push(value);
  };
  visit(path, text, {
    ImportDeclaration(node) {
      add(node.source);
    },
    ExportNamedDeclaration(node) {
      add(node.source);
    },
    ExportAllDeclaration(node) {
      add(node.source);
    },
    ImportExpression(node) {
      add(node.source);
    },
    TSImportType(node) {
      add(node.source);
    },
  });
  return found;
}

/** Path -> paths it imports within the clone; npm packages and Node's modules are left out. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The imports between files. */
export function importGraph(files: SourceFiles): ImportGraph {
  const targetsOf = (path: string, text: string): readonly string[] =>
    specifiersOf(path, text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(path), specifier));
  return new Map([...files].map(([path, text]) => [path, targetsOf(path, text)]));
}
