/** How the bytes of a CSV file are laid out: how many lines, and whether any reader would take them apart alike. */

/**
 * bare: no quotes and no backslashes, so that fields are what stands between commas. regular: quotes stand around whole
 * fields, and those inside are doubled. irregular: other quotes, or lines that end in different ways.
 */
export type Layout = 'bare' | 'regular' | 'irregular';

const lineFeed = 10;
const carriageReturn = 13;
const quote = 34;
const comma = 44;
const backslash = 92;
/** Before the first byte. */
const nothing = -1;

const isSeparator = (byte: number): boolean =>
  byte === comma || byte === lineFeed || byte === carriageReturn || byte === nothing;

/** Looks at a file chunk by chunk. */
export class LayoutScan {
  private carriageReturns = 0;
  /** Those after a carriage return are no line ends of their own and count as pairs. */
  private lineFeeds = 0;
  private pairs = 0;
  private backslashes = false;
  private quotes = false;
  private strayQuotes = false;
  private quoted = false;
  private last = nothing;

  add(chunk: Buffer): void {
    this.countLineEnds(chunk);
    this.backslashes ||= chunk.includes(backslash);
    if (this.quoted || this.last === quote || chunk.includes(quote)) this.checkQuotes(chunk);
    this.last = chunk.at(-1) ?? this.last;
  }

  private countLineEnds(chunk: Buffer): void {
    let previous = this.last;
    let [carriageReturns, lineFeeds, pairs] = [0, 0, 0];
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (byte === carriageReturn) carriageReturns += 1;
      else if (byte === lineFeed) {
        if (previous === carriageReturn) pairs += 1;
        else lineFeeds += 1;
      }
      previous = byte;
    }
    this.carriageReturns += carriageReturns;
    this.lineFeeds += lineFeeds;
    this.pairs += pairs;
  }

  private checkQuotes(chunk: Buffer): void {
    this.quotes = true;
    let previous = this.last;
    for (const byte of chunk) {
      if (byte === quote) {
        // A doubled quote closes and opens again, which comes to the same.
        if (!this.quoted && previous !== quote && !isSeparator(previous)) this.strayQuotes = true;
        this.quoted = !this.quoted;
      } else if (previous === quote && !this.quoted && !isSeparator(byte)) this.strayQuotes = true;
      previous = byte;
    }
  }

  /** Line ends of any kind, CR LF being one; a last line without an end counts. */
  get lines(): number {
    const open = this.last !== carriageReturn && this.last !== lineFeed && this.last !== nothing;
    return this.carriageReturns + this.lineFeeds + (open ? 1 : 0);
  }

  get layout(): Layout {
    const { carriageReturns, lineFeeds, pairs } = this;
    const alike = carriageReturns === 0 || (lineFeeds === 0 && (pairs === 0 || pairs === carriageReturns));
    if (!alike || this.strayQuotes || this.quoted) return 'irregular';
    return this.quotes || this.backslashes ? 'regular' : 'bare';
  }
}
