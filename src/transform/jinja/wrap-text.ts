/** Breaks one line of text into lines of a width, as Python's textwrap does. */

export interface WrapOptions {
  /** Whether words longer than a line are cut. */
  readonly breakLongWords: boolean;
  /** Whether a line may end behind a hyphen within a word. */
  readonly breakOnHyphens: boolean;
}

const hyphened = /\s+|[^\s-]*[\p{L}\p{N}_]-(?=[\p{L}_])|[^\s]+?(?=\s|$|(?<=[\p{L}\p{N}_]-)[\p{L}_])/gu;

/** Words and the blanks between them. */
function chunksOf(text: string, breakOnHyphens: boolean): string[] {
  return text.match(breakOnHyphens ? hyphened : /\s+|\S+/gu) ?? [];
}

const isBlank = (chunk: string | undefined): boolean => chunk !== undefined && chunk.trim() === '';

/** Takes from the chunks what one line holds. */
function takeLine(chunks: string[], width: number, { breakLongWords }: WrapOptions): string[] {
  const line: string[] = [];
  let length = 0;
  while (chunks[0] !== undefined && length + chunks[0].length <= width) {
    length += chunks[0].length;
    line.push(chunks.shift() ?? '');
  }
  const [next] = chunks;
  if (next === undefined || next.length <= width) return line;
  if (breakLongWords) {
    const room = Math.max(width - length, length === 0 ? 1 : 0);
    line.push(next.slice(0, room));
    chunks[0] = next.slice(room);
  } else if (line.length === 0) line.push(chunks.shift() ?? '');
  return line;
}

/** The lines of a text; blanks at a break are dropped. */
export function wrapText(text: string, width: number, options: WrapOptions): readonly string[] {
  const chunks = chunksOf(text, options.breakOnHyphens);
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlank(chunks[0])) chunks.shift();
    const line = takeLine(chunks, width, options);
    if (isBlank(line.at(-1))) line.pop();
    if (line.length > 0) lines.push(line.join(''));
  }
  return lines;
}
