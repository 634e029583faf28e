/** Holds that generated documents are what the code would generate now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generatedDocuments } from '../../scripts/generate-docs.ts';
import { errorCatalogue } from '../../src/kernel/errors.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

test.each([...generatedDocuments])('%s is current; `npm run docs:generate` makes it so', (path, text) => {
  expect(read(path)).toBe(text);
});

test('docs/errors.md lists exactly the codes of the catalogue', () => {
  const listed = [...read('docs/errors.md').matchAll(/^## (MR-[A-Z]+-\d{3})$/gm)].map((match) => match[1]);
  expect(listed).toEqual(Object.keys(errorCatalogue));
});

test('codes stand together by area and count up within it', () => {
  const codes = Object.keys(errorCatalogue);
  const areas = codes.map((code) => code.slice(0, -4)).filter((area, index, all) => area !== all[index - 1]);
  expect(new Set(areas).size).toBe(areas.length);
  for (const area of areas) {
    const numbers = codes.filter((code) => code.startsWith(`${area}-`)).map((code) => code.slice(-3));
    expect(numbers).toEqual([...numbers].sort());
  }
});
