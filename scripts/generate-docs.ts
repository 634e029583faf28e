/** Writes the documents that are generated from code: docs/errors.md and .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderEnvExample } from '../src/kernel/config.ts';
import { errorCatalogue } from '../src/kernel/errors.ts';

interface Entry {
  readonly message: string;
  readonly remedy: string;
  readonly exitCode: number;
}

const renderEntry = ([code, { message, remedy, exitCode }]: readonly [string, Entry]): string =>
  `## ${code}\n\n${message}\n\nWhat to do: ${remedy} Exit code ${exitCode}.\n`;

/** The text of docs/errors.md: every entry of the catalogue, in its order. */
function renderErrors(): string {
  return `# Errors

Everything that can go wrong for a user has a code, says what happened with which value (in braces here), and what to do.
Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached.
This page is written by \`npm run docs:generate\` from src/kernel/errors.ts.

${Object.entries(errorCatalogue).map(renderEntry).join('\n')}`;
}

/** Path below the clone -> text of each generated document. */
export const generatedDocuments: ReadonlyMap<string, string> = new Map([
  ['docs/errors.md', renderErrors()],
  ['.env.example', renderEnvExample()],
]);

if (import.meta.main) {
  for (const [path, text] of generatedDocuments) {
    writeFileSync(join(import.meta.dirname, '..', path), text);
    console.log(`wrote ${path}`);
  }
}
