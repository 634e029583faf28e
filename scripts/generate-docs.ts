/** Writes the documents that are generated from code: docs/errors.md and .env.example. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderEnvExample } from '../src/kernel/config.ts';
import { errorCatalogue } from '../src/kernel/errors.ts';

type Entry = readonly [code: string, { readonly message: string; readonly remedy: string; readonly exitCode: number }];

const areaOf = (code: string): string => code.replace(/-\d+$/, '');

const cell = (text: string): string => text.replaceAll('|', '\\|');

const renderEntry = ([code, { message, remedy, exitCode }]: Entry): string =>
  `| ${code} | ${cell(message)} | ${cell(remedy)} | ${exitCode} |`;

const renderArea = (area: string, entries: readonly Entry[]): string =>
  `## ${area}\n| code | what happened | what to do | exit code |\n|---|---|---|---|\n${entries.map(renderEntry).join('\n')}\n`;

/** The text of docs/errors.md: every entry of the catalogue, by area. */
export function renderErrors(): string {
  const entries = Object.entries(errorCatalogue);
  const areas = [...new Set(entries.map(([code]) => areaOf(code)))];
  return `# Errors
Everything that can go wrong for a user has a code, says what happened with which value (in braces here), and what to do.
Exit codes: 0 done, 1 data failed its checks, 2 wrong usage or configuration, 3 a store cannot be reached.
This page is written by \`npm run docs:generate\` from src/kernel/errors.ts.

${areas
  .map((area) =>
    renderArea(
      area,
      entries.filter(([code]) => areaOf(code) === area),
    ),
  )
  .join('\n')}`;
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
