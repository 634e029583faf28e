/** How the bytes of a CSV file are laid out: how many lines, and whether any reader would take them apart alike. */
import { isUtf8 } from 'node:buffer';
import { wholeCharacters } from '../files/encoding.ts';

/**
 * bare: no quotes and no backslashes, so that fields are what stands between commas. regular: quotes stand around whole
 * fields, and those inside are doubled. Of both: UTF-8, one kind of line end, each line a record, and each record with as
 * many fields as the header. irregular: any other.
 */
export type Layout = 'bare' | 'regular' | 'irregular';

/** The bytes that mean something in a CSV file. */
export const byteOf = { lineFeed: 10, carriageReturn: 13, space: 32, quote: 34, comma: 44, backslash: 92 } as const;

/** The most bytes that a record may have, in UTF-8. */
export const recordLimit = 1 << 20;

const { lineFeed, carriageReturn, quote, comma, backslash } = byteOf;
/** Before the first byte. */
const nothing = -1;

const isSeparator = (byte: number): boolean => byte === comma || byte === lineFeed || byte === carriageReturn;

const mayStandBeforeQuote = (byte: number): boolean => isSeparator(byte) || byte === quote || byte === nothing;

/** The byte is undefined where the chunk ends; then the next one is asked. */
const mayFollowQuote = (byte: number | undefined): boolean => byte === undefined || isSeparator(byte) || byte === quote;

/** Looks at a file chunk by chunk, a byte order mark left out. */
export class LayoutScan {
  private carriageReturns = 0;
  /** Those after a carriage return are no line ends of their own and count as pairs. */
  private lineFeeds = 0;
  private pairs = 0;
  private backslashes = false;
  private quotes = false;
  /** There is something that readers might take apart in different ways. */
  private irregular = false;
  private quoted = false;
  private last = nothing;
  /** The bytes and fields of the record that the last chunk broke off in, and the header's fields. */
  private length = 0;
  private fields = 1;
  private columns = 0;
  private carried: Buffer = Buffer.alloc(0);
  /** False once a byte came that is no UTF-8. */
  validUtf8 = true;

  add(chunk: Buffer): void {
    this.checkBytes(chunk);
    this.take(chunk);
    this.last = chunk.at(-1) ?? this.last;
  }

  private checkBytes(chunk: Buffer): void {
    this.backslashes ||= chunk.includes(backslash);
    if (!this.validUtf8) return;
    const bytes = this.carried.length > 0 ? Buffer.concat([this.carried, chunk]) : chunk;
    const whole = wholeCharacters(bytes);
    this.carried = Buffer.from(bytes.subarray(whole));
    this.validUtf8 = isUtf8(bytes.subarray(0, whole));
    if (!this.validUtf8) this.irregular = true;
  }

  /** Every byte of every file passes here: one loop over local variables, that leaves most bytes alone at once. */
  private take(chunk: Buffer): void {
    let { quoted, fields, columns, irregular } = this;
    let [carriageReturns, lineFeeds, pairs] = [0, 0, 0];
    let start = -this.length;
    if (this.last === quote && !quoted && !mayFollowQuote(chunk[0])) irregular = true;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (byte > comma) continue;
      if (byte === comma) {
        if (!quoted) fields += 1;
        continue;
      }
      if (byte === quote) {
        this.quotes = true;
        // A doubled quote closes and opens again, which comes to the same.
        if (quoted) irregular ||= !mayFollowQuote(chunk[index + 1]);
        else irregular ||= !mayStandBeforeQuote(index > 0 ? (chunk[index - 1] ?? nothing) : this.last);
        quoted = !quoted;
        continue;
      }
      if (byte === lineFeed) {
        if ((index > 0 ? chunk[index - 1] : this.last) === carriageReturn) {
          pairs += 1;
          start = index + 1;
          continue;
        }
        lineFeeds += 1;
      } else if (byte === carriageReturn) carriageReturns += 1;
      else {
        if (byte === 0) irregular = true;
        continue;
      }
      const length = index - start;
      if (columns === 0) columns = fields;
      if (quoted || length === 0 || length > recordLimit || fields !== columns) irregular = true;
      fields = 1;
      start = index + 1;
    }
    this.carriageReturns += carriageReturns;
    this.lineFeeds += lineFeeds;
    this.pairs += pairs;
    this.length = chunk.length - start;
    Object.assign(this, { quoted, fields, columns, irregular });
  }

  private get open(): boolean {
    return this.last !== carriageReturn && this.last !== lineFeed && this.last !== nothing;
  }

  /** Line ends of any kind, CR LF being one; a last line without an end counts. */
  get lines(): number {
    return this.carriageReturns + this.lineFeeds + (this.open ? 1 : 0);
  }

  get layout(): Layout {
    const { carriageReturns, lineFeeds, pairs } = this;
    const alike = carriageReturns === 0 || (lineFeeds === 0 && (pairs === 0 || pairs === carriageReturns));
    const brokenOff = this.quoted || this.carried.length > 0;
    const lastFits = !this.open || this.columns === 0 || (this.fields === this.columns && this.length <= recordLimit);
    if (this.irregular || !alike || brokenOff || !lastFits) return 'irregular';
    return this.quotes || this.backslashes ? 'regular' : 'bare';
  }
}
