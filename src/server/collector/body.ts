/** The body of a request, unpacked and taken apart into the texts of its events. */
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { splitArray } from '../../contracts/events/json-text.ts';
import { MillraceError, problemOf } from '../../kernel/errors.ts';

/** The content types that a request may have. */
export const contentTypes = ['application/json', 'application/x-ndjson', 'text/plain'] as const;
/** One of them. */
export type ContentType = (typeof contentTypes)[number];

/** The most that one request may hold: events, and bytes of its body, unpacked. */
export const requestLimits = { events: 1000, bytes: 1024 * 1024 } as const;

const unzip = promisify(gunzip);

const tooManyBytes = (): MillraceError => new MillraceError('MR-COL-004', { problem: 'it has more than 1 MiB' });

/** Unpacks a body as its Content-Encoding says, never beyond the limit. Errors: MR-COL-001, MR-COL-004, MR-COL-005. */
export async function unpack(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new MillraceError('MR-COL-005', { type: `Content-Encoding: ${encoding}` });
  try {
    return await unzip(body, { maxOutputLength: requestLimits.bytes });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw tooManyBytes();
    throw new MillraceError('MR-COL-001', { problem: `the body is no gzip (${problemOf(thrown)})` }, thrown);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const notJson = (): MillraceError => new MillraceError('MR-COL-001', { problem: 'the body is not JSON' });

/** The text on one line. Within JSON a line end is white space between tokens, for strings cannot hold one. */
const onOneLine = (text: string): string => text.trim().replaceAll(/[\r\n]+/g, ' ');

function refuseTooMany(events: number): void {
  if (events > requestLimits.events) throw new MillraceError('MR-COL-004', { problem: `it has ${events} events` });
}

const isBlank = (line: string): boolean => /^[ \t\r]*$/.test(line);

/** Lines stay as they are, a line that is no JSON too: the judge says so of it. A body of which none is, is refused. */
function eventsOfLines(text: string): readonly string[] {
  const lines = text
    .split('\n')
    .filter((line) => !isBlank(line))
    .map((line) => line.replace(/\r$/, '').replaceAll('\r', ' '));
  refuseTooMany(lines.length);
  if (!lines.some(isJson)) throw notJson();
  return lines;
}

/**
 * The events of an unpacked body, each the text as received, on one line: JSON is one event or an array of them, NDJSON
 * one on each line. Plain text, which pages send without asking first, may be either. Errors: MR-COL-001, MR-COL-004.
 */
export function readEvents(body: Buffer, type: ContentType): readonly string[] {
  if (body.length > requestLimits.bytes) throw tooManyBytes();
  if (!isUtf8(body)) throw new MillraceError('MR-COL-001', { problem: 'the body is not UTF-8' });
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  if (type === 'application/x-ndjson') return eventsOfLines(text);
  const elements = splitArray(text) ?? (isJson(text) ? [text] : undefined);
  if (elements) {
    refuseTooMany(elements.length);
    return elements.map(onOneLine);
  }
  if (type === 'application/json') throw notJson();
  return eventsOfLines(text);
}
