/** Presets: folders that map an export of another shape onto the four tables, one SELECT per table over its records. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type TableName, tableNames } from '../../contracts/tables.ts';
import { MillraceError, problemOf } from '../../kernel/errors.ts';

const ownFolder = join(import.meta.dirname, 'presets');

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const roleDeclaration = z.strictObject({
  pattern: z.string().min(1),
  columns: z.array(z.string()).min(1),
  optional_columns: z.array(z.string()).default([]),
  required: z.boolean().default(true),
});

const optionDeclaration = z.strictObject({
  type: z.enum(['boolean', 'number', 'text', 'choice']),
  choices: z.array(z.string()).min(1).optional(),
  default: scalar.optional(),
  description: z.string(),
});

const declaration = z.strictObject({
  title: z.string(),
  description: z.string(),
  files: z.record(z.string().regex(/^[a-z][a-z_]*$/, 'not a name of lower-case letters and _'), roleDeclaration),
  options: z.record(z.string().regex(/^[a-z][a-z_]*(_\*)?$/, 'not a name of an option'), optionDeclaration).default({}),
});

/** The files of one kind that a preset reads; they stand in a view named after the role. */
export interface PresetRole {
  readonly name: string;
  /** What a file's name must be like, without case: `*` is any text. The endings .gz and .zst may follow. */
  readonly pattern: string;
  /** Columns that each of the files must have. */
  readonly columns: readonly string[];
  /** Columns that are NULL where a file does not have them. */
  readonly optionalColumns: readonly string[];
  /** At least one file must be there. */
  readonly required: boolean;
}

/** The value of an option. */
export type OptionValue = string | number | boolean;

/** What a user may tell a load of a source. */
export interface PresetOption {
  /** With `_*` at its end it stands for any number of options, such as rate_EUR and rate_GBP. */
  readonly name: string;
  readonly type: 'boolean' | 'number' | 'text' | 'choice';
  readonly choices: readonly string[];
  /** What holds when the user does not say; options that stand for several have none. */
  readonly default: OptionValue | undefined;
  readonly description: string;
}

/** A statement of a preset and the file that it stands in. */
export interface PresetSql {
  readonly path: string;
  readonly sql: string;
}

/** How one shape of export becomes the four tables. */
export interface Preset {
  /** The name of a preset of the house; for a user's own the absolute path of its folder. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly folder: string;
  readonly roles: readonly PresetRole[];
  readonly options: readonly PresetOption[];
  /** Statements that run before the mappings, such as tables that several of them read. */
  readonly prepare: PresetSql | undefined;
  /**
   * Per table a SELECT over the roles' views that gives line_number and columns of the table's contract; what it leaves
   * out is absent.
   */
  readonly mappings: Readonly<Record<TableName, PresetSql>>;
  /** A SELECT that gives line_number and reason of each record that no row of a mapping stands for. */
  readonly otherRecords: PresetSql | undefined;
  /** SHA-256 over all that defines a user's own preset; undefined for those of the house. */
  readonly definitionHash: string | undefined;
}

/** Options that every source has. */
const commonOptions: readonly PresetOption[] = [
  {
    name: 'replace_items',
    type: 'boolean',
    choices: [],
    default: false,
    description: 'An order that comes again is complete: items that it no longer has are removed.',
  },
];

/** The names of the presets of the house. */
export const presetNames = (): readonly string[] =>
  readdirSync(ownFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** Whether the word after --preset is a path to a folder, not a name. */
export const isPresetPath = (word: string): boolean => isAbsolute(word) || word.startsWith('.') || /[/\\]/.test(word);

/** The preset's name as part of a source's name: of a path its last part, in lower case. */
export const sourceNameOf = (word: string): string =>
  basename(resolve(word))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 63) || 'csv';

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    throw new MillraceError('MR-PRE-001', { path, problem: problemOf(thrown) }, thrown);
  }
}

const readSql = (path: string): PresetSql => ({ path, sql: readText(path).replace(/;\s*$/, '') });

const readSqlIfAny = (path: string): PresetSql | undefined => (existsSync(path) ? readSql(path) : undefined);

function readDeclaration(path: string): z.infer<typeof declaration> {
  const text = readText(path);
  const wrong = (problem: string, cause?: unknown): MillraceError =>
    new MillraceError('MR-PRE-001', { path, problem }, cause);
  let content: unknown;
  try {
    content = parse(text);
  } catch (thrown) {
    throw wrong(problemOf(thrown instanceof Error ? thrown.message.split('\n')[0] : thrown), thrown);
  }
  const checked = declaration.safeParse(content);
  if (!checked.success) {
    const issues = checked.error.issues.map((issue) =>
      [issue.path.join('.'), issue.message].filter(Boolean).join(': '),
    );
    throw wrong(issues.join('; '));
  }
  if (Object.keys(checked.data.files).length === 0) throw wrong('files: there is none');
  return checked.data;
}

function optionsOf(declared: z.infer<typeof declaration>['options'], path: string): readonly PresetOption[] {
  const own = Object.entries(declared).map(([name, option]): PresetOption => {
    const { type, description, choices = [] } = option;
    const made = { name, type, choices, default: option.default, description };
    const several = name.endsWith('_*');
    if (several === (option.default !== undefined)) {
      const problem = several ? 'an option for several has no default' : 'the default is missing';
      throw new MillraceError('MR-PRE-001', { path, problem: `options.${name}: ${problem}` });
    }
    if (option.default !== undefined && readValue(made, option.default) === undefined) {
      throw new MillraceError('MR-PRE-001', { path, problem: `options.${name}: the default is no ${kindOf(made)}` });
    }
    return made;
  });
  return [...own, ...commonOptions.filter(({ name }) => !own.some((option) => option.name === name))];
}

const definitionFiles = [
  'preset.yml',
  'prepare.sql',
  'other_records.sql',
  ...tableNames.map((table) => `${table}.sql`),
];

function hashDefinition(folder: string): string {
  const hash = createHash('sha256');
  for (const name of definitionFiles.filter((file) => existsSync(join(folder, file)))) {
    hash.update(`${name}\n${readText(join(folder, name))}\n`);
  }
  return hash.digest('hex');
}

/**
 * The preset of a name, or of a path to a folder. Errors: MR-IN-006 when there is no preset of that name, MR-PRE-001 when
 * a file of it is missing or wrong.
 */
export function loadPreset(word: string): Preset {
  const isPath = isPresetPath(word);
  if (!isPath && !presetNames().includes(word)) {
    throw new MillraceError('MR-IN-006', { name: word, known: presetNames().join(', ') });
  }
  const folder = isPath ? resolve(word) : join(ownFolder, word);
  const path = join(folder, 'preset.yml');
  const { title, description, files, options } = readDeclaration(path);
  return {
    name: isPath ? folder : word,
    title,
    description,
    folder,
    roles: Object.entries(files).map(([name, role]) => ({
      name,
      pattern: role.pattern,
      columns: role.columns,
      optionalColumns: role.optional_columns,
      required: role.required,
    })),
    options: optionsOf(options, path),
    prepare: readSqlIfAny(join(folder, 'prepare.sql')),
    mappings: Object.fromEntries(
      tableNames.map((table) => [table, readSql(join(folder, `${table}.sql`))]),
    ) as unknown as Preset['mappings'],
    otherRecords: readSqlIfAny(join(folder, 'other_records.sql')),
    definitionHash: isPath ? hashDefinition(folder) : undefined,
  };
}

const kindOf = ({ type, choices }: PresetOption): string =>
  ({ boolean: 'true or false', number: 'number above 0', text: 'text', choice: `word of ${choices.join(', ')}` })[type];

function readValue({ type, choices }: PresetOption, given: unknown): OptionValue | undefined {
  const text = String(given).trim();
  if (type === 'boolean') return { true: true, false: false }[text.toLowerCase()];
  if (type === 'number') return /^\d{1,9}(\.\d{1,8})?$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
  if (type === 'choice') return choices.includes(text) ? text : undefined;
  return text;
}

const standsFor = (option: PresetOption, name: string): boolean =>
  option.name.endsWith('_*') ? name.startsWith(option.name.slice(0, -1)) : option.name === name;

/**
 * The options of a source with their values: those that were given, then the defaults of the others. Without a preset
 * the source has the options that every source has. Errors: MR-PRE-003 for an unknown option or a wrong value.
 */
export function resolveOptions(
  preset: Preset | undefined,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, OptionValue>> {
  const options = preset?.options ?? commonOptions;
  const resolved: Record<string, OptionValue> = {};
  for (const [name, value] of Object.entries(given)) {
    const option = options.find((each) => standsFor(each, name));
    const read = option && readValue(option, value);
    if (read === undefined) {
      const problem = option ? `${String(value)} is no ${kindOf(option)}` : 'it is not known';
      throw new MillraceError('MR-PRE-003', { name, problem, known: options.map((each) => each.name).join(', ') });
    }
    resolved[name] = read;
  }
  for (const { name, default: value } of options) {
    if (value !== undefined && !(name in resolved)) resolved[name] = value;
  }
  return resolved;
}

/** What a preset and its options add to the identity of a batch; a default that is given says nothing. */
export function presetIdentity(
  preset: Preset | undefined,
  options: Readonly<Record<string, OptionValue>>,
): string | undefined {
  const defaults = resolveOptions(preset, {});
  const chosen = Object.entries(options)
    .filter(([name, value]) => defaults[name] !== value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const parts = [preset?.definitionHash ?? preset?.name ?? '', ...chosen];
  return preset || chosen.length > 0 ? parts.join('\n') : undefined;
}

/** A file that a preset reads. */
export interface PresetFile {
  readonly role: PresetRole;
  readonly path: string;
}

const patternOf = ({ pattern }: PresetRole): RegExp => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}(\\.(gz|zst))?$`, 'i');
};

function inspect(path: string): 'file' | 'folder' {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) throw new MillraceError('MR-IN-001', { path });
    return found.isDirectory() ? 'folder' : 'file';
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (thrown) {
    throw new MillraceError('MR-IN-007', { path: folder, problem: problemOf(thrown) }, thrown);
  }
}

/**
 * The files that a preset reads of a folder, role by role, each role's by name; a preset of one role also takes the path
 * of one file, whatever its name. Errors: MR-IN-001, MR-IN-007, MR-IN-009 for a file where a folder is needed, MR-PRE-004
 * when a role that is required has no file.
 */
export function locatePresetFiles(preset: Preset, input: string): readonly PresetFile[] {
  const path = resolve(input);
  const [onlyRole, ...others] = preset.roles;
  if (inspect(path) === 'file') {
    if (!onlyRole || others.length > 0) {
      const expected = `a folder with the files of the preset ${preset.name}`;
      throw new MillraceError('MR-IN-009', { path, kind: 'file', expected });
    }
    return [{ role: onlyRole, path }];
  }
  const names = filesIn(path);
  return preset.roles.flatMap((role) => {
    const found = names.filter((name) => patternOf(role).test(name));
    if (found.length === 0 && role.required) {
      throw new MillraceError('MR-PRE-004', { path, pattern: role.pattern, preset: preset.name });
    }
    return found.map((name) => ({ role, path: join(path, name) }));
  });
}
