/** Bundles the program into a new folder and says in bundle.json there what it is made of: `make-bundle.mjs FOLDER`. */
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'vite';
import { packages, stampOf } from '../bin/bundle.js';
import { root } from './install.mjs';

/** @typedef {import('../bin/bundle.js').FileStamp} FileStamp */

/** What makes a bundle another one without being a part of it. */
const makers = ['package.json', 'tsconfig.json', packages, 'bin/bundle.js', 'scripts/make-bundle.mjs'];

/**
 * Packages of many small files, and those that must share them. All others stay where they are: some read files beside
 * themselves, start workers or load what they were compiled to.
 */
const bundledPackages = ['@duckdb/node-api', 'zod', 'fastify-type-provider-zod', '@fastify/error', 'yaml', 'commander'];

/** The sources of the program. */
const sources = `${join(root, 'src')}${sep}`;

/** @param {string} path */
const belowRoot = (path) => relative(root, path).replaceAll(sep, '/');

/**
 * Takes the stamp of each source before it is read: one that changes later is not what was bundled.
 * @param {FileStamp[]} files
 * @returns {import('vite').Plugin}
 */
const noteSources = (files) => ({
  name: 'note-sources',
  enforce: 'pre',
  load(id) {
    if (id.startsWith(sources)) files.push(stampOf(root, belowRoot(id)));
    return null;
  },
});

/**
 * Lets a source find the files beside it, which are not beside the bundle.
 * @returns {import('vite').Plugin}
 */
const keepFolders = () => ({
  name: 'keep-folders',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(sources)) return null;
    const text = code.replaceAll('import.meta.dirname', JSON.stringify(dirname(id)));
    if (text.includes('import.meta')) this.error('Of import.meta only the dirname is known in a bundle.');
    return text;
  },
});

/** @param {string} folder */
async function bundle(folder) {
  const files = makers.map((path) => stampOf(root, path));
  await build({
    root,
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'error',
    plugins: [noteSources(files), keepFolders()],
    ssr: { noExternal: bundledPackages },
    build: { ssr: join('src', 'main.ts'), outDir: folder, target: 'esnext', minify: false },
  });
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) files.push(stampOf(root, belowRoot(join(file.parentPath, file.name))));
  }
  /** @type {import('../bin/bundle.js').Bundle} */
  const made = { root, entry: belowRoot(join(folder, 'main.js')), files };
  writeFileSync(join(folder, 'bundle.json'), JSON.stringify(made));
}

await bundle(process.argv[2] ?? '');
