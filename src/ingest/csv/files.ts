/** Finds the files of a batch and looks at each once: is it text, what is its content's hash, which columns has it. */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { isMissing, MillraceError, problemOf } from '../../kernel/errors.ts';
import { type Layout, LayoutScan } from './layout.ts';

type LineEnd = '\n' | '\r' | '\r\n' | '';

/** A CSV file as it was found. */
export interface CsvFile {
  readonly path: string;
  /** Its name without the folder. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Physical lines, the header among them; a last line without an end counts. */
  readonly lines: number;
  readonly layout: Layout;
  /** The header's names as written. */
  readonly header: readonly string[];
  /** What ends the header; empty when the file ends there. */
  readonly lineEnd: LineEnd;
  readonly modifiedAt: number;
}

function inspect(path: string): Stats {
  try {
    return statSync(path);
  } catch (thrown) {
    if (isMissing(thrown)) throw new MillraceError('MR-IN-001', { path }, thrown);
    throw new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch (thrown) {
    throw new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);
  }
}

/** The four files of a folder. Errors: MR-IN-001, MR-IN-002 with what is missing, MR-IN-007, MR-IN-009 when it is no folder. */
export function locateFolder(folder: string): Readonly<Record<TableName, string>> {
  const path = resolve(folder);
  if (!inspect(path).isDirectory()) {
    throw new MillraceError('MR-IN-009', { path, kind: 'file', expected: 'a folder with the four CSV files' });
  }
  const missing = tableNames.map((table) => tableContracts[table].file).filter((file) => !isFile(join(path, file)));
  if (missing.length > 0) throw new MillraceError('MR-IN-002', { path, missing: missing.join(', ') });
  return Object.fromEntries(tableNames.map((table) => [table, join(path, tableContracts[table].file)])) as Record<
    TableName,
    string
  >;
}

const headerLimit = 1 << 20;

/** The fields of the first record of a text, by RFC 4180, and the line end of any kind that closes it. */
export function firstRecord(text: string): { readonly fields: readonly string[]; readonly lineEnd: LineEnd } {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  let lineEnd: LineEnd = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quoted) {
      if (character !== '"') field += character;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (character === '"' && field.trim() === '') quoted = true;
    else if (character === ',') {
      fields.push(field);
      field = '';
    } else if (character === '\r' || character === '\n') {
      lineEnd = character === '\r' && text[index + 1] === '\n' ? '\r\n' : character;
      break;
    } else field += character;
  }
  return { fields: [...fields, field], lineEnd };
}

/**
 * Reads the file once from end to end. Errors: MR-IN-003 when it is empty, MR-IN-005 when it holds a zero byte,
 * MR-IN-007 when it cannot be read.
 */
export async function readCsvFile(path: string): Promise<CsvFile> {
  const modifiedAt = inspect(path).mtimeMs;
  const hash = createHash('sha256');
  const scan = new LayoutScan();
  let bytes = 0;
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      const zero = chunk.indexOf(0);
      if (zero >= 0) throw new MillraceError('MR-IN-005', { path, offset: bytes + zero });
      if (head.length < headerLimit) head = Buffer.concat([head, chunk]);
      hash.update(chunk);
      scan.add(chunk);
      bytes += chunk.length;
    }
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError('MR-IN-007', { path, problem: problemOf(thrown) }, thrown);
  }
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new MillraceError('MR-IN-003', { path });
  const { fields, lineEnd } = firstRecord(text);
  return {
    path,
    name: basename(path),
    sha256: hash.digest('hex'),
    bytes,
    lines: scan.lines,
    layout: scan.layout,
    header: fields.map((name) => name.trim()),
    lineEnd,
    modifiedAt,
  };
}

/** Errors: MR-IN-010 when the file is not as it was when it was first read. */
export function requireUnchanged(file: CsvFile): void {
  const now = inspect(file.path);
  if (now.size !== file.bytes || now.mtimeMs !== file.modifiedAt) {
    throw new MillraceError('MR-IN-010', { path: file.path });
  }
}

/** A batch is known by its content: the SHA-256 over each file's role and hash. */
export function contentHashOf(files: Readonly<Record<string, CsvFile>>, preset: string | undefined): string {
  const hash = createHash('sha256').update(preset ?? '');
  for (const role of Object.keys(files).sort()) hash.update(`\n${role} ${files[role]?.sha256}`);
  return hash.digest('hex');
}
