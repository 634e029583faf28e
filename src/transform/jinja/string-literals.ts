/** What the escapes within a quoted text of a template stand for, as Python's unicode-escape codec has it. */

const escapes = /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g;

const letters: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The text between the quotes with its escapes resolved; escapes that Python does not know stay as they are. */
export function unescapeText(text: string): { readonly text: string } | { readonly problem: string } {
  if (!text.includes('\\')) return { text };
  const incomplete =
    /(?:^|[^\\])(?:\\\\)*\\(?:x(?![\da-fA-F]{2})|u(?![\da-fA-F]{4})|U(?!00(?:0[\da-fA-F]|10)[\da-fA-F]{4})|N)/;
  if (incomplete.test(text)) return { problem: 'a string holds an incomplete escape such as \\x, \\u or \\N' };
  return {
    text: text.replaceAll(escapes, (whole, octal, byte, short, long, letter) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hexadecimal = byte ?? short ?? long;
      if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
      return letters[letter] ?? whole;
    }),
  };
}
