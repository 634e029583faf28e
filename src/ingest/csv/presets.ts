/** Presets: folders that map an export of another shape onto the four tables, one SELECT per table over its rows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';

const folder = join(import.meta.dirname, 'presets');

const declaration = z.strictObject({
  title: z.string(),
  description: z.string(),
  columns: z.array(z.string()).min(1),
});

/** How one shape of export becomes the four tables. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** The columns that the file must have. */
  readonly columns: readonly string[];
  /**
   * Per table a SELECT over `raw` (line_number and the columns as text) that gives line_number and columns of the
   * table's contract as text; what it leaves out is absent.
   */
  readonly mappings: Readonly<Record<TableName, string>>;
}

/** The names of all presets. */
export const presetNames = (): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** Errors: MR-IN-006 when there is no such preset. */
export function loadPreset(name: string): Preset {
  if (!presetNames().includes(name) || !existsSync(join(folder, name, 'preset.yml'))) {
    throw new MillraceError('MR-IN-006', { name, known: presetNames().join(', ') });
  }
  const { title, columns } = declaration.parse(parse(readFileSync(join(folder, name, 'preset.yml'), 'utf8')));
  const mappings = Object.fromEntries(
    tableNames.map((table) => [table, readFileSync(join(folder, name, `${table}.sql`), 'utf8').trim()]),
  ) as Record<TableName, string>;
  return { name, title, columns, mappings };
}
