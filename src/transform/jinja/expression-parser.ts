/** Reads expressions, with jinja2's precedence of operators. */
import { didYouMean } from '../../kernel/nearest.ts';
import type { Arguments, BinaryOperator, Comparison, Expression, KeywordArgument, Position, Target } from './nodes.ts';
import { noArguments } from './nodes.ts';
import { describeToken, type TokenStream } from './token-stream.ts';

/** Names of the filters and tests that templates may use. */
export interface KnownNames {
  readonly filters: ReadonlySet<string>;
  readonly tests: ReadonlySet<string>;
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const literals = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

interface TupleOptions {
  /** Whether `a if b else c` may be an item. */
  readonly conditional?: boolean;
  /** A name that ends the tuple. */
  readonly endName?: string;
  /** Whether () is a tuple. */
  readonly parenthesised?: boolean;
}

export class ExpressionParser {
  readonly #stream: TokenStream;
  readonly #known: KnownNames;

  constructor(stream: TokenStream, known: KnownNames) {
    this.#stream = stream;
    this.#known = known;
  }

  #position(): Position {
    const { line, column } = this.#stream.current;
    return { line, column };
  }

  /** A whole expression: `a if b else c` and everything that binds closer. */
  parseExpression(): Expression {
    let expression = this.#parseOr();
    while (this.#stream.isName('if')) {
      const position = this.#position();
      this.#stream.next();
      const condition = this.#parseOr();
      const otherwise = this.#stream.skipName('else') ? this.parseExpression() : undefined;
      expression = { type: 'choose', condition, whenTrue: expression, otherwise, ...position };
    }
    return expression;
  }

  /** An expression, or several with commas between them as a tuple. */
  parseTuple({ conditional = true, endName, parenthesised = false }: TupleOptions = {}): Expression {
    const position = this.#position();
    const items: Expression[] = [];
    let isTuple = false;
    while (!this.#isTupleEnd(endName)) {
      items.push(conditional ? this.parseExpression() : this.#parseOr());
      if (!this.#stream.skipOperator(',')) break;
      isTuple = true;
    }
    const [first] = items;
    if (!isTuple && first) return first;
    if (!isTuple && !parenthesised) {
      this.#stream.fail(`expected an expression, got ${describeToken(this.#stream.current)}`);
    }
    return { type: 'tuple', items, ...position };
  }

  #isTupleEnd(endName: string | undefined): boolean {
    const { type } = this.#stream.current;
    if (type === 'expressionEnd' || type === 'tagEnd' || this.#stream.isOperator(')')) return true;
    return endName !== undefined && this.#stream.isName(endName);
  }

  /** What stands on the left of an assignment or between `for` and `in`. */
  parseTarget({ namespaces = false, endName }: { namespaces?: boolean; endName?: string } = {}): Target {
    const position = this.#position();
    const items: Target[] = [];
    let isTuple = false;
    while (!this.#isTupleEnd(endName)) {
      items.push(this.#parseTargetItem(namespaces, endName));
      if (!this.#stream.skipOperator(',')) break;
      isTuple = true;
    }
    const [first] = items;
    if (!isTuple && first) return first;
    if (items.length === 0)
      this.#stream.fail(`expected a name to assign to, got ${describeToken(this.#stream.current)}`);
    return { type: 'tuple', items, ...position };
  }

  #parseTargetItem(namespaces: boolean, endName: string | undefined): Target {
    const position = this.#position();
    if (this.#stream.skipOperator('(')) {
      const target = this.parseTarget({ namespaces, ...(endName !== undefined && { endName }) });
      this.#stream.expectOperator(')');
      return target;
    }
    const name = this.parseName();
    if (!namespaces || !this.#stream.skipOperator('.')) return { type: 'name', name, ...position };
    return { type: 'namespace', object: name, attribute: this.#stream.expect('name').text, ...position };
  }

  /** A name that can be assigned to. */
  parseName(): string {
    const token = this.#stream.expect('name');
    if (literals.has(token.text)) this.#stream.fail(`can't assign to '${token.text}'`, token);
    return token.text;
  }

  #parseOr(): Expression {
    let left = this.#parseAnd();
    while (this.#stream.isName('or')) {
      const position = this.#position();
      this.#stream.next();
      left = { type: 'or', left, right: this.#parseAnd(), ...position };
    }
    return left;
  }

  #parseAnd(): Expression {
    let left = this.#parseNot();
    while (this.#stream.isName('and')) {
      const position = this.#position();
      this.#stream.next();
      left = { type: 'and', left, right: this.#parseNot(), ...position };
    }
    return left;
  }

  #parseNot(): Expression {
    const position = this.#position();
    if (this.#stream.skipName('not')) return { type: 'not', operand: this.#parseNot(), ...position };
    return this.#parseComparison();
  }

  #parseComparison(): Expression {
    const position = this.#position();
    const first = this.#parseSum();
    const rest: { comparison: Comparison; operand: Expression }[] = [];
    for (let comparison = this.#nextComparison(); comparison; comparison = this.#nextComparison()) {
      rest.push({ comparison, operand: this.#parseSum() });
    }
    return rest.length > 0 ? { type: 'compare', first, rest, ...position } : first;
  }

  #nextComparison(): Comparison | undefined {
    const { current, following } = this.#stream;
    if (current.type === 'operator' && comparisons.has(current.text)) return this.#stream.next().text as Comparison;
    if (this.#stream.skipName('in')) return 'in';
    if (!this.#stream.isName('not') || following.type !== 'name' || following.text !== 'in') return undefined;
    this.#stream.next();
    this.#stream.next();
    return 'not in';
  }

  #parseBinary(operators: readonly BinaryOperator[], parseOperand: () => Expression): Expression {
    let left = parseOperand();
    for (;;) {
      const operator = operators.find((candidate) => this.#stream.isOperator(candidate));
      if (!operator) return left;
      const position = this.#position();
      this.#stream.next();
      left = { type: 'binary', operator, left, right: parseOperand(), ...position };
    }
  }

  #parseSum(): Expression {
    return this.#parseBinary(['+', '-'], () => this.#parseConcatenation());
  }

  #parseConcatenation(): Expression {
    const position = this.#position();
    const first = this.#parseProduct();
    if (!this.#stream.isOperator('~')) return first;
    const items = [first];
    while (this.#stream.skipOperator('~')) items.push(this.#parseProduct());
    return { type: 'concatenate', items, ...position };
  }

  #parseProduct(): Expression {
    return this.#parseBinary(['*', '/', '//', '%'], () => this.#parsePower());
  }

  #parsePower(): Expression {
    return this.#parseBinary(['**'], () => this.#parseUnary(true));
  }

  #parseUnary(withFilters: boolean): Expression {
    const position = this.#position();
    let expression: Expression;
    if (this.#stream.skipOperator('-')) expression = { type: 'negate', operand: this.#parseUnary(false), ...position };
    else if (this.#stream.skipOperator('+'))
      expression = { type: 'plus', operand: this.#parseUnary(false), ...position };
    else expression = this.#parsePrimary();
    expression = this.#parsePostfix(expression);
    return withFilters ? this.#parseFiltersAndTests(expression) : expression;
  }

  #parsePrimary(): Expression {
    const position = this.#position();
    const token = this.#stream.current;
    if (token.type === 'name') return this.#parseNameOrLiteral();
    if (token.type === 'string') return { type: 'constant', value: this.#parseStrings(), ...position };
    if (token.type === 'number') return { type: 'constant', value: this.#stream.next().value, ...position };
    if (this.#stream.isOperator('(')) return this.#parseParentheses();
    if (this.#stream.isOperator('[')) return this.#parseList();
    if (this.#stream.isOperator('{')) return this.#parseDict();
    return this.#stream.fail(`expected an expression, got ${describeToken(token)}`);
  }

  #parseNameOrLiteral(): Expression {
    const position = this.#position();
    const { text } = this.#stream.next();
    const literal = literals.get(text);
    if (literal !== undefined) return { type: 'constant', value: literal, ...position };
    return { type: 'name', name: text, ...position };
  }

  /** Strings that stand beside each other are one. */
  #parseStrings(): string {
    let text = '';
    while (this.#stream.current.type === 'string') text += this.#stream.next().text;
    return text;
  }

  #parseParentheses(): Expression {
    this.#stream.expectOperator('(');
    const expression = this.parseTuple({ parenthesised: true });
    this.#stream.expectOperator(')');
    return expression;
  }

  #parseList(): Expression {
    const position = this.#position();
    this.#stream.expectOperator('[');
    const items: Expression[] = [];
    while (!this.#stream.isOperator(']')) {
      items.push(this.parseExpression());
      if (!this.#stream.skipOperator(',')) break;
    }
    this.#expectClosing(']');
    return { type: 'list', items, ...position };
  }

  #parseDict(): Expression {
    const position = this.#position();
    this.#stream.expectOperator('{');
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.#stream.isOperator('}')) {
      const key = this.parseExpression();
      this.#stream.expectOperator(':');
      entries.push([key, this.parseExpression()]);
      if (!this.#stream.skipOperator(',')) break;
    }
    this.#expectClosing('}');
    return { type: 'dict', entries, ...position };
  }

  #expectClosing(closer: string): void {
    if (this.#stream.skipOperator(closer)) return;
    this.#stream.fail(`expected ',' or '${closer}', got ${describeToken(this.#stream.current)}`);
  }

  #parsePostfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#stream.isOperator('.')) expression = this.#parseAttribute(expression);
      else if (this.#stream.isOperator('[')) expression = this.#parseItem(expression);
      else if (this.#stream.isOperator('(')) expression = this.#parseCall(expression);
      else return expression;
    }
  }

  #parseFiltersAndTests(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.#stream.isOperator('|')) expression = this.parseFilters(expression);
      else if (this.#stream.isName('is')) expression = this.#parseTest(expression);
      else if (this.#stream.isOperator('(')) expression = this.#parseCall(expression);
      else return expression;
    }
  }

  #parseAttribute(target: Expression): Expression {
    const position = this.#position();
    this.#stream.expectOperator('.');
    const token = this.#stream.next();
    if (token.type === 'name') return { type: 'attribute', target, name: token.text, ...position };
    if (token.type !== 'number') this.#stream.fail(`expected a name or a number, got ${describeToken(token)}`, token);
    return { type: 'item', target, key: { type: 'constant', value: token.value, ...position }, ...position };
  }

  #parseItem(target: Expression): Expression {
    const position = this.#position();
    this.#stream.expectOperator('[');
    const keys: Expression[] = [];
    while (!this.#stream.isOperator(']')) {
      keys.push(this.#parseSubscript());
      if (!this.#stream.skipOperator(',')) break;
    }
    this.#expectClosing(']');
    const [first] = keys;
    const key: Expression = keys.length === 1 && first ? first : { type: 'tuple', items: keys, ...position };
    return { type: 'item', target, key, ...position };
  }

  #parseSubscript(): Expression {
    const position = this.#position();
    const start = this.#stream.isOperator(':') ? undefined : this.parseExpression();
    if (start && !this.#stream.isOperator(':')) return start;
    this.#stream.expectOperator(':');
    const stop = this.#parseSlicePart();
    const step = this.#stream.skipOperator(':') ? this.#parseSlicePart() : undefined;
    return { type: 'slice', start, stop, step, ...position };
  }

  #parseSlicePart(): Expression | undefined {
    const isAbsent = [':', ']', ','].some((operator) => this.#stream.isOperator(operator));
    return isAbsent ? undefined : this.parseExpression();
  }

  #parseCall(callee: Expression): Expression & { readonly type: 'call' } {
    const position = this.#position();
    return { type: 'call', callee, args: this.#parseArguments(), ...position };
  }

  #parseArguments(): Arguments {
    this.#stream.expectOperator('(');
    const positional: Expression[] = [];
    const keywords: KeywordArgument[] = [];
    let rest: Expression | undefined;
    let restKeywords: Expression | undefined;
    const refuse = (refused: boolean, what: string): void => {
      if (refused) this.#stream.fail(`${what} in a call`);
    };
    while (!this.#stream.isOperator(')')) {
      if (this.#stream.skipOperator('*')) {
        refuse(rest !== undefined || restKeywords !== undefined, "unexpected second '*', or '*' after '**'");
        rest = this.parseExpression();
      } else if (this.#stream.skipOperator('**')) {
        refuse(restKeywords !== undefined, "unexpected second '**'");
        restKeywords = this.parseExpression();
      } else if (this.#isKeyword()) {
        refuse(restKeywords !== undefined, "unexpected argument by name after '**'");
        keywords.push(this.#parseKeyword());
      } else {
        refuse(
          rest !== undefined || restKeywords !== undefined || keywords.length > 0,
          'expected a name for an argument that follows named ones',
        );
        positional.push(this.parseExpression());
      }
      if (!this.#stream.skipOperator(',')) break;
    }
    this.#expectClosing(')');
    return { positional, keywords, rest, restKeywords };
  }

  #isKeyword(): boolean {
    const { current, following } = this.#stream;
    return current.type === 'name' && following.type === 'operator' && following.text === '=';
  }

  #parseKeyword(): KeywordArgument {
    const name = this.#stream.expect('name').text;
    this.#stream.expectOperator('=');
    return { name, value: this.parseExpression() };
  }

  #parseDottedName(): string {
    let name = this.#stream.expect('name').text;
    while (this.#stream.skipOperator('.')) name += `.${this.#stream.expect('name').text}`;
    return name;
  }

  /** The filters behind an input, as `| upper | trim`; without an input, those of a block. */
  parseFilters(input: Expression): Expression;
  parseFilters(input: Expression | undefined): Expression | undefined;
  parseFilters(input: Expression | undefined): Expression | undefined {
    let expression = input;
    while (this.#stream.skipOperator('|')) expression = this.parseFilter(expression);
    return expression;
  }

  /** One filter by its name and arguments. */
  parseFilter(input: Expression | undefined): Expression {
    const position = this.#position();
    const token = this.#stream.current;
    const name = this.#parseDottedName();
    if (!this.#known.filters.has(name)) {
      this.#stream.fail(`no filter named '${name}'${didYouMean(name, [...this.#known.filters])}`, token);
    }
    const args = this.#stream.isOperator('(') ? this.#parseArguments() : noArguments;
    return { type: 'filter', input, name, args, ...position };
  }

  #parseTest(input: Expression): Expression {
    const position = this.#position();
    this.#stream.expectName('is');
    const negated = this.#stream.skipName('not');
    const token = this.#stream.current;
    const name = this.#parseDottedName();
    if (!this.#known.tests.has(name)) {
      this.#stream.fail(`no test named '${name}'${didYouMean(name, [...this.#known.tests])}`, token);
    }
    const test: Expression = { type: 'test', input, name, args: this.#parseTestArguments(), ...position };
    return negated ? { type: 'not', operand: test, ...position } : test;
  }

  /** A test may take its one argument without parentheses: `x is divisibleby 3`. */
  #parseTestArguments(): Arguments {
    if (this.#stream.isOperator('(')) return this.#parseArguments();
    const { type, text } = this.#stream.current;
    const isOperand =
      ['name', 'string', 'number'].includes(type) || (type === 'operator' && (text === '[' || text === '{'));
    if (!isOperand || (type === 'name' && ['else', 'or', 'and'].includes(text))) return noArguments;
    if (type === 'name' && text === 'is') this.#stream.fail("tests cannot be chained with 'is'");
    return { ...noArguments, positional: [this.#parsePostfix(this.#parsePrimary())] };
  }
}
