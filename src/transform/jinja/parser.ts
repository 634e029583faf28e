/** Reads a template's tags into its tree. */
import { didYouMean } from '../../kernel/nearest.ts';
import { ExpressionParser, type KnownNames } from './expression-parser.ts';
import { type Token, tokenize } from './lexer.ts';
import type { DefinitionKind, Expression, Parameter, Position, Statement, Target } from './nodes.ts';
import { describeToken, TokenStream } from './token-stream.ts';

/** Tags that this language does not have, and what to do instead. */
const unsupportedTags: Readonly<Record<string, string>> = {
  import: 'macros are found by their names in all files of the project and its packages, so remove the tag',
  from: 'macros are found by their names in all files of the project and its packages, so remove the tag',
  include: 'a template cannot hold another; write a macro and call it',
  extends: 'a template cannot extend another; write a macro and call it',
  block: 'templates are not extended, so their blocks have no use; write a macro and call it',
  autoescape: 'nothing is escaped here',
};

const supportedLanguagesName = 'supported_languages';

class TemplateParser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  /** The tags that are open, the innermost last: with the tags that may follow, and the line of the opening one. */
  readonly #open: { readonly tag: string; readonly ends: readonly string[]; readonly line: number }[] = [];
  readonly #tags: Readonly<Record<string, () => Statement>> = {
    if: () => this.#parseIf(),
    for: () => this.#parseFor(),
    set: () => this.#parseSet(),
    do: () => this.#parseDo(),
    print: () => this.#parsePrint(),
    with: () => this.#parseWith(),
    filter: () => this.#parseFilterBlock(),
    call: () => this.#parseCallBlock(),
    break: () => this.#parseLoopControl('break'),
    continue: () => this.#parseLoopControl('continue'),
    macro: () => this.#parseDefinition('macro'),
    test: () => this.#parseDefinition('test'),
    data_test: () => this.#parseDefinition('test', 'data_test'),
    materialization: () => this.#parseDefinition('materialization'),
    snapshot: () => this.#parseDefinition('snapshot'),
    docs: () => this.#parseDefinition('docs'),
  };

  constructor(stream: TokenStream, known: KnownNames) {
    this.#stream = stream;
    this.#expressions = new ExpressionParser(stream, known);
  }

  parse(): readonly Statement[] {
    return this.#parseStatements();
  }

  #position(): Position {
    const { line, column } = this.#stream.current;
    return { line, column };
  }

  /** Statements up to a tag that ends the innermost open one, whose name is then the current token; or to the end of the template. */
  #parseStatements(): readonly Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#stream.current;
      if (token.type === 'end') return statements;
      if (token.type === 'text') statements.push(this.#parseText());
      else if (token.type === 'expressionBegin') statements.push(this.#parseOutput());
      else {
        this.#stream.expect('tagBegin');
        if (this.#isEndOfOpenTag()) return statements;
        statements.push(this.#parseTag());
        this.#stream.expect('tagEnd');
      }
    }
  }

  #isEndOfOpenTag(): boolean {
    return this.#open.at(-1)?.ends.some((end) => this.#stream.isName(end)) ?? false;
  }

  #parseText(): Statement {
    const position = this.#position();
    return { type: 'text', text: this.#stream.next().text, ...position };
  }

  #parseOutput(): Statement {
    this.#stream.expect('expressionBegin');
    const position = this.#position();
    const expression = this.#expressions.parseTuple();
    this.#stream.expect('expressionEnd');
    return { type: 'output', expression, ...position };
  }

  #parseTag(): Statement {
    const token = this.#stream.current;
    if (token.type !== 'name') this.#stream.fail(`expected the name of a tag, got ${describeToken(token)}`);
    const parse = Object.hasOwn(this.#tags, token.text) ? this.#tags[token.text] : undefined;
    return parse ? parse() : this.#failUnknownTag(token);
  }

  #failUnknownTag({ text }: Token): never {
    const open = this.#open.at(-1);
    const unsupported = unsupportedTags[text];
    if (unsupported) this.#stream.fail(`the tag '${text}' is not supported: ${unsupported}`);
    const expected = open
      ? `; the innermost open tag is '${open.tag}' of line ${open.line}, which expects ${quoted(open.ends)}`
      : '';
    const isEnd = text.startsWith('end') || text === 'else' || text === 'elif';
    if (isEnd) this.#stream.fail(`unexpected tag '${text}'${expected}`);
    return this.#stream.fail(`unknown tag '${text}'${didYouMean(text, Object.keys(this.#tags))}${expected}`);
  }

  /** The body of a tag, from the end of its opening tag on; the name of the tag that ended it is then the current token. */
  #parseBody(tag: string, line: number, ends: readonly string[]): readonly Statement[] {
    this.#stream.skipOperator(':');
    this.#stream.expect('tagEnd');
    this.#open.push({ tag, ends, line });
    const body = this.#parseStatements();
    this.#open.pop();
    if (this.#stream.current.type === 'end') {
      this.#stream.fail(`unexpected end of template: the tag '${tag}' of line ${line} expects ${quoted(ends)}`);
    }
    return body;
  }

  /** A body that one tag alone can end, and that tag's name. */
  #parseWholeBody(tag: string, line: number, end: string): readonly Statement[] {
    const body = this.#parseBody(tag, line, [end]);
    this.#stream.next();
    return body;
  }

  #parseIf(): Statement {
    const position = this.#position();
    const branches: { condition: Expression; body: readonly Statement[] }[] = [];
    do {
      this.#stream.next();
      const condition = this.#expressions.parseTuple({ conditional: false });
      branches.push({ condition, body: this.#parseBody('if', position.line, ['elif', 'else', 'endif']) });
    } while (this.#stream.isName('elif'));
    const otherwise = this.#parseElse('if', position.line, 'endif');
    return { type: 'if', branches, otherwise, ...position };
  }

  /** The body of `else` where that is the current tag, and the end of the whole. */
  #parseElse(tag: string, line: number, end: string): readonly Statement[] {
    const isElse = this.#stream.next().text === 'else';
    return isElse ? this.#parseWholeBody(`${tag} ... else`, line, end) : [];
  }

  #parseFor(): Statement {
    const position = this.#position();
    this.#stream.next();
    const target = this.#expressions.parseTarget({ endName: 'in' });
    this.#stream.expectName('in');
    const iterable = this.#expressions.parseTuple({ conditional: false, endName: 'recursive' });
    const condition = this.#stream.skipName('if') ? this.#expressions.parseExpression() : undefined;
    const recursive = this.#stream.skipName('recursive');
    const body = this.#parseBody('for', position.line, ['endfor', 'else']);
    const otherwise = this.#parseElse('for', position.line, 'endfor');
    return { type: 'for', target, iterable, condition, recursive, body, otherwise, ...position };
  }

  #parseLoopControl(type: 'break' | 'continue'): Statement {
    const position = this.#position();
    if (!this.#open.some(({ tag }) => tag === 'for')) this.#stream.fail(`'${type}' outside of a for loop`);
    this.#stream.next();
    return { type, ...position };
  }

  #parseSet(): Statement {
    const position = this.#position();
    this.#stream.next();
    const target = this.#expressions.parseTarget({ namespaces: true });
    if (this.#stream.skipOperator('=')) {
      return { type: 'set', target, value: this.#expressions.parseTuple(), ...position };
    }
    const filter = this.#expressions.parseFilters(undefined);
    const body = this.#parseWholeBody('set', position.line, 'endset');
    return { type: 'setBlock', target, filter, body, ...position };
  }

  #parseDo(): Statement {
    const position = this.#position();
    this.#stream.next();
    return { type: 'do', expression: this.#expressions.parseTuple(), ...position };
  }

  #parsePrint(): Statement {
    const position = this.#position();
    this.#stream.next();
    const items: Expression[] = [];
    while (this.#stream.current.type !== 'tagEnd') {
      if (items.length > 0) this.#stream.expectOperator(',');
      items.push(this.#expressions.parseExpression());
    }
    return { type: 'output', expression: { type: 'concatenate', items, ...position }, ...position };
  }

  #parseWith(): Statement {
    const position = this.#position();
    this.#stream.next();
    const assignments: { target: Target; value: Expression }[] = [];
    while (this.#stream.current.type !== 'tagEnd') {
      if (assignments.length > 0) this.#stream.expectOperator(',');
      const target = this.#expressions.parseTarget();
      this.#stream.expectOperator('=');
      assignments.push({ target, value: this.#expressions.parseExpression() });
    }
    const body = this.#parseWholeBody('with', position.line, 'endwith');
    return { type: 'with', assignments, body, ...position };
  }

  #parseFilterBlock(): Statement {
    const position = this.#position();
    this.#stream.next();
    const filter = this.#expressions.parseFilters(this.#expressions.parseFilter(undefined));
    const body = this.#parseWholeBody('filter', position.line, 'endfilter');
    return { type: 'filterBlock', filter, body, ...position };
  }

  #parseCallBlock(): Statement {
    const position = this.#position();
    this.#stream.next();
    const parameters = this.#stream.isOperator('(') ? this.#parseParameters() : [];
    const call = this.#expressions.parseExpression();
    if (call.type !== 'call') this.#stream.fail('expected the call of a macro, as in {% call name() %}', call);
    const body = this.#parseWholeBody('call', position.line, 'endcall');
    return { type: 'callBlock', call, caller: { name: 'caller', parameters, body, ...position }, ...position };
  }

  #parseParameters(): readonly Parameter[] {
    this.#stream.expectOperator('(');
    const parameters: Parameter[] = [];
    while (!this.#stream.isOperator(')')) {
      if (parameters.length > 0) this.#stream.expectOperator(',');
      parameters.push(this.#parseParameter(parameters.at(-1)));
    }
    this.#stream.next();
    return parameters;
  }

  #parseParameter(previous: Parameter | undefined): Parameter {
    const name = this.#expressions.parseName();
    if (this.#stream.skipOperator(':')) this.#parseTypeName();
    const fallback = this.#stream.skipOperator('=') ? this.#expressions.parseExpression() : undefined;
    if (name === 'caller' && !fallback) this.#stream.fail("the parameter 'caller' needs a default");
    if (!fallback && previous?.fallback) this.#stream.fail('a parameter without a default follows one with a default');
    return { name, fallback };
  }

  /** The type of a parameter, as `dict[str, str]`: read and dropped. */
  #parseTypeName(): void {
    this.#stream.expect('name');
    if (!this.#stream.skipOperator('[')) return;
    do this.#parseTypeName();
    while (this.#stream.skipOperator(','));
    this.#stream.expectOperator(']');
  }

  #parseDefinition(kind: DefinitionKind, tag: string = kind): Statement {
    const position = this.#position();
    const { start } = this.#stream.previous;
    this.#stream.next();
    const { name, parameters } = this.#parseHead(kind);
    const contentsStart = this.#stream.current.end;
    const body = this.#parseBody(tag, position.line, [`end${tag}`]);
    const contentsEnd = this.#stream.previous.start;
    this.#stream.next();
    const span = { start, contentsStart, contentsEnd, end: this.#stream.current.end };
    return { type: 'definition', kind, macro: { name, parameters, body, ...position }, span, ...position };
  }

  #parseHead(kind: DefinitionKind): { readonly name: string; readonly parameters: readonly Parameter[] } {
    const name = this.#expressions.parseName();
    if (kind === 'macro') return { name, parameters: this.#parseParameters() };
    if (kind === 'test') return { name: `test_${name}`, parameters: this.#parseParameters() };
    return kind === 'materialization' ? this.#parseMaterializationHead(name) : { name, parameters: [] };
  }

  /** `materialization NAME, default` or `materialization NAME, adapter='duckdb', supported_languages=[...]`. */
  #parseMaterializationHead(name: string): { readonly name: string; readonly parameters: readonly Parameter[] } {
    let adapter = 'default';
    let languages: Expression = {
      type: 'list',
      items: [{ type: 'constant', value: 'sql', ...this.#position() }],
      ...this.#position(),
    };
    while (this.#stream.skipOperator(',')) {
      const option = this.#stream.current;
      const optionName = this.#expressions.parseName();
      if (optionName === 'adapter') adapter = this.#parseAdapterName();
      else if (optionName === supportedLanguagesName) languages = this.#parseOptionValue();
      else if (optionName !== 'default') {
        const known = ['adapter', 'default', supportedLanguagesName];
        this.#stream.fail(
          `materialization '${name}' has the unknown option '${optionName}'${didYouMean(optionName, known)}`,
          option,
        );
      }
    }
    const parameters = [{ name: supportedLanguagesName, fallback: languages }];
    return { name: `materialization_${name}_${adapter}`, parameters };
  }

  #parseOptionValue(): Expression {
    this.#stream.expectOperator('=');
    return this.#expressions.parseExpression();
  }

  #parseAdapterName(): string {
    const value = this.#parseOptionValue();
    if (value.type === 'constant' && typeof value.value === 'string') return value.value;
    return this.#stream.fail("expected the name of an adapter as a string, as in adapter='duckdb'", value);
  }
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' or ');

/**
 * The statements of a source that normaliseSource gave.
 * @throws JinjaError of kind TemplateSyntaxError.
 */
export function parseStatements(source: string, file: string, known: KnownNames, firstLine = 1): readonly Statement[] {
  return new TemplateParser(new TokenStream(tokenize(source, file, firstLine), file), known).parse();
}
