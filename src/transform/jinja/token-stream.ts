/** The tokens of a template in order, with what a parser asks of them. */
import { JinjaError } from './errors.ts';
import type { Token, TokenType } from './lexer.ts';

const descriptions: Readonly<Record<TokenType, string>> = {
  text: 'text',
  expressionBegin: "'{{'",
  expressionEnd: "end of print statement ('}}')",
  tagBegin: "'{%'",
  tagEnd: "end of statement block ('%}')",
  name: 'a name',
  string: 'a string',
  number: 'a number',
  operator: 'an operator',
  end: 'end of template',
};

/** How a message calls a token. */
export function describeToken(token: Token): string {
  return token.type === 'name' || token.type === 'operator' || token.type === 'number'
    ? `'${token.text}'`
    : descriptions[token.type];
}

export class TokenStream {
  readonly file: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens;
    this.file = file;
  }

  #at(index: number): Token {
    const token = this.#tokens[Math.min(index, this.#tokens.length - 1)];
    if (!token) throw new RangeError('a template has at least the token of its end');
    return token;
  }

  get current(): Token {
    return this.#at(this.#index);
  }

  /** The token after the current one. */
  get following(): Token {
    return this.#at(this.#index + 1);
  }

  /** The token before the current one. */
  get previous(): Token {
    return this.#at(Math.max(this.#index - 1, 0));
  }

  /** Moves on, and gives the token that was current. */
  next(): Token {
    const token = this.current;
    this.#index += 1;
    return token;
  }

  isOperator(text: string): boolean {
    const { current } = this;
    return current.type === 'operator' && current.text === text;
  }

  isName(text: string): boolean {
    const { current } = this;
    return current.type === 'name' && current.text === text;
  }

  /** Moves on where the operator is current, and says whether it was. */
  skipOperator(text: string): boolean {
    const found = this.isOperator(text);
    if (found) this.next();
    return found;
  }

  skipName(text: string): boolean {
    const found = this.isName(text);
    if (found) this.next();
    return found;
  }

  expectOperator(text: string): Token {
    return this.isOperator(text) ? this.next() : this.fail(`expected '${text}', got ${describeToken(this.current)}`);
  }

  expectName(text: string): Token {
    return this.isName(text) ? this.next() : this.fail(`expected '${text}', got ${describeToken(this.current)}`);
  }

  expect(type: TokenType): Token {
    if (this.current.type === type) return this.next();
    return this.fail(`expected ${descriptions[type]}, got ${describeToken(this.current)}`);
  }

  fail(message: string, { line, column }: { line: number; column: number } = this.current): never {
    throw new JinjaError('TemplateSyntaxError', message, { place: { file: this.file, line, column } });
  }
}
