/** CSV text as records, and as rows by the names of a header. */
import { valueError } from '../jinja/errors.ts';

/** The fields of each record, empty lines left out; fields may be quoted with ", and hold line ends and doubled quotes then. Throws ValueError where a quote is not closed. */
export function csvRecords(text: string, delimiter = ','): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  const endField = (): void => {
    record.push(field);
    field = '';
  };
  const endRecord = (): void => {
    endField();
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  };
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quoted && character === '"' && text[index + 1] === '"') {
      field += '"';
      index += 1;
    } else if (character === '"' && (quoted || field === '')) quoted = !quoted;
    else if (quoted) field += character;
    else if (character === delimiter) endField();
    else if (character === '\n') endRecord();
    else if (character !== '\r' || text[index + 1] !== '\n') field += character;
  }
  if (quoted) throw valueError('a quoted field of the CSV text does not end');
  if (field !== '' || record.length > 0) endRecord();
  return records;
}

/** Rows by the names of the first record, as Python's csv.DictReader has them; missing fields are null. Throws as csvRecords. */
export function parseCsv(text: string): readonly Readonly<Record<string, string | null>>[] {
  const [header, ...rows] = csvRecords(text);
  if (!header) return [];
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? null])));
}
