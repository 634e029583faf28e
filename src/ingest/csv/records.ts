/** The records of a CSV text by RFC 4180, byte by byte: where each ends, how many fields it has, what is wrong with it. */
import { byteOf, recordLimit } from './layout.ts';

const { lineFeed, carriageReturn, space, quote, comma } = byteOf;

/** What ends a line. */
export type LineEnd = '\n' | '\r' | '\r\n' | '';

/**
 * whole: a record that can be taken apart. incomplete: more bytes are needed to tell. The others are what is wrong:
 * unclosed: a quote is opened and the text or the most that a record may have ends before it is closed.
 * trailing: text stands behind the quote that closes a field. stray: a quote stands within a field that begins without one.
 * long: more than a record may have.
 */
export type RecordState = 'whole' | 'incomplete' | 'unclosed' | 'trailing' | 'stray' | 'long';

/** What was found at a place of a text: one object, filled anew for each record, for there are many. */
export interface FoundRecord {
  /** Where its bytes end, and where the next record begins; of a faulty one, both where the fault was seen. */
  end: number;
  next: number;
  /** The fields seen, the faulty one among them. */
  fields: number;
  /** Lines on which it stands. */
  lines: number;
  /** Quotes stand around whole fields only, without blanks beside them. */
  regular: boolean;
}

/** An object for `findRecord` to fill. */
export const noRecord = (): FoundRecord => ({
  end: 0,
  next: 0,
  fields: 0,
  lines: 1,
  regular: true,
});

const atFieldStart = 0;
const inText = 1;
const inQuotes = 2;
const behindQuotes = 3;

function settle(found: FoundRecord, state: RecordState, end: number, next = end): RecordState {
  found.end = end;
  found.next = next;
  return state;
}

/**
 * Finds the record that begins at `start`. Lines end with LF, CR LF or CR. Blanks may stand around quotes. Quotes within a
 * field that begins without one are text, unless `strict`. `final` tells that no more bytes follow.
 */
export function findRecord(
  found: FoundRecord,
  data: Buffer,
  start: number,
  final: boolean,
  strict: boolean,
): RecordState {
  const limit = Math.min(data.length, start + recordLimit + 1);
  let state = atFieldStart;
  let previous = -1;
  found.fields = 1;
  found.lines = 1;
  found.regular = true;
  for (let index = start; index < limit; index += 1) {
    const byte = data[index] ?? 0;
    if (state === inQuotes) {
      if (byte === quote) state = behindQuotes;
      else if (byte === carriageReturn || (byte === lineFeed && previous !== carriageReturn)) found.lines += 1;
    } else if (byte === comma) {
      found.fields += 1;
      state = atFieldStart;
    } else if (byte === lineFeed || byte === carriageReturn) {
      if (byte === carriageReturn && index + 1 === data.length && !final) return settle(found, 'incomplete', index);
      const pair = byte === carriageReturn && data[index + 1] === lineFeed;
      return settle(found, 'whole', index, index + (pair ? 2 : 1));
    } else if (state === behindQuotes) {
      if (byte === quote && previous === quote) state = inQuotes;
      else if (byte === space) found.regular = false;
      else return settle(found, 'trailing', index);
    } else if (byte === quote) {
      if (state === atFieldStart) {
        if (previous === space) found.regular = false;
        state = inQuotes;
      } else if (strict) return settle(found, 'stray', index);
      else found.regular = false;
    } else if (byte !== space) state = inText;
    previous = byte;
  }
  if (limit - start > recordLimit) return settle(found, state === inQuotes ? 'unclosed' : 'long', limit);
  if (!final) return settle(found, 'incomplete', limit);
  return settle(found, state === inQuotes ? 'unclosed' : 'whole', limit);
}

/** Where the line that holds `start` ends, and where the next begins; undefined when more bytes are needed to tell. */
export function findLine(
  data: Buffer,
  start: number,
  final: boolean,
): { readonly end: number; readonly next: number } | undefined {
  for (let index = start; index < data.length; index += 1) {
    const byte = data[index] ?? 0;
    if (byte === lineFeed) return { end: index, next: index + 1 };
    if (byte !== carriageReturn) continue;
    if (index + 1 === data.length && !final) return undefined;
    return { end: index, next: index + (data[index + 1] === lineFeed ? 2 : 1) };
  }
  return final ? { end: data.length, next: data.length } : undefined;
}

/** The fields of the first record of a text, and the line end of any kind that closes it. */
export function firstRecord(text: string): { readonly fields: readonly string[]; readonly lineEnd: LineEnd } {
  const fields: string[] = [];
  let field = '';
  let state = atFieldStart;
  let lineEnd: LineEnd = '';
  const endField = (): void => {
    fields.push(field);
    field = '';
    state = atFieldStart;
  };
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (state === inQuotes) {
      if (character !== '"') field += character;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else state = behindQuotes;
    } else if (character === ',') endField();
    else if (character === '\r' || character === '\n') {
      lineEnd = character === '\r' && text[index + 1] === '\n' ? '\r\n' : character;
      break;
    } else if (state === atFieldStart && character === '"') {
      field = '';
      state = inQuotes;
    } else if (state !== behindQuotes || character !== ' ') {
      field += character;
      if (character !== ' ') state = inText;
    }
  }
  endField();
  return { fields, lineEnd };
}
