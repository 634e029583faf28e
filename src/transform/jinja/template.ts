/** A template that was read once and can be rendered often, and the blocks (macros, tests, snapshots, docs) within it. */
import { StatementCompiler } from './compile-statement.ts';
import { JinjaError } from './errors.ts';
import { filterNames } from './filter-names.ts';
import { Frame, type Scope, TextOutput, ValueOutput } from './frame.ts';
import { normaliseSource } from './lexer.ts';
import { literalValue } from './literals.ts';
import { nativeResult } from './native.ts';
import type { DefinitionKind, Statement } from './nodes.ts';
import { parseStatements } from './parser.ts';
import { ReturnValue } from './return-value.ts';
import { type StaticUse, staticUseOf } from './static-use.ts';
import { testNames } from './tests.ts';
import { fromPython, Macro, type Value } from './values.ts';

export type BlockKind = DefinitionKind;

/** A block at the top level of a file. */
export interface Block {
  readonly kind: BlockKind;
  /** The macro's name: `test_NAME` of a test, `materialization_NAME_ADAPTER` of a materialization; otherwise as written. */
  readonly name: string;
  /** The whole block, from its opening tag to its closing one. */
  readonly source: string;
  /** What is between the tags. */
  readonly contents: string;
  /** The line of the opening tag, from 1. */
  readonly line: number;
  /** The offset of the source in the text as normaliseSource() gives it. */
  readonly start: number;
  /** Names of the parameters of a macro or test, in order. */
  readonly parameters: readonly string[];
  /** Of a materialization: the languages of models it can build. */
  readonly supportedLanguages: readonly string[];
  /** What the block uses, read without rendering it. */
  readonly uses: StaticUse;
  /** The macro, test or materialization as a function, whose names are looked up in a host's scope. */
  bind(scope: Scope): Macro;
  /** The contents of a snapshot or docs block, rendered. */
  render(scope: Scope): Promise<string>;
}

export interface Template {
  readonly file: string;
  /** The blocks at the top level of the file, in its order. */
  readonly blocks: readonly Block[];
  /** What the template uses, read without rendering it. */
  readonly uses: StaticUse;
  render(scope: Scope): Promise<string>;
  /** The value of a template that is one expression and no other text; otherwise its text. */
  renderNative(scope: Scope): Promise<Value>;
}

const known = { filters: new Set<string>(filterNames), tests: new Set(testNames) };

/** Makes a value when it is first asked for, and keeps it. */
function lazily<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}

/** Runs a template, and names a `return` that no macro encloses. */
async function runTemplate<Result>(file: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof ReturnValue)) throw thrown;
    throw new JinjaError('TemplateRuntimeError', 'return() was called outside of a macro', {
      place: { file, line: 1 },
    });
  }
}

/** A macro's value: its text, or what return() was given. */
async function runMacro(run: () => Promise<string>): Promise<Value> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof ReturnValue) return thrown.value;
    throw thrown;
  }
}

type Definition = Statement & { readonly type: 'definition' };

function languagesOf({ kind, macro }: Definition): readonly string[] {
  const [languages] = macro.parameters;
  if (kind !== 'materialization' || !languages?.fallback) return [];
  const value = fromPython(literalValue(languages.fallback) ?? null);
  return Array.isArray(value) ? value.map(String) : [];
}

function makeBlock(definition: Definition, source: string, file: string): Block {
  const { kind, macro, span, line } = definition;
  const contents = source.slice(span.contentsStart, span.contentsEnd);
  const uses = lazily(() => staticUseOf([definition]));
  const compiled = lazily(() => new StatementCompiler(file).compileMacro(macro));
  const contentsLine = line + (source.slice(span.start, span.contentsStart).match(/\n/g)?.length ?? 0);
  const template = lazily(() => readTemplate(contents, file, contentsLine));
  return {
    kind,
    name: macro.name,
    source: source.slice(span.start, span.end),
    contents,
    line,
    start: span.start,
    parameters: macro.parameters.map(({ name }) => name),
    supportedLanguages: languagesOf(definition),
    get uses() {
      return uses();
    },
    bind: (scope) =>
      new Macro(macro.name, (args, kwargs, depth) => runMacro(() => compiled()(new Frame(scope), args, kwargs, depth))),
    render: (scope) => template().render(scope),
  };
}

function readTemplate(text: string, file: string, firstLine: number): Template {
  const source = normaliseSource(text);
  const statements = parseStatements(source, file, known, firstLine);
  const uses = lazily(() => staticUseOf(statements));
  const body = lazily(() => new StatementCompiler(file).compileBody(statements));
  const isDefinition = (statement: Statement): statement is Definition => statement.type === 'definition';
  const blocks = statements.filter(isDefinition).map((definition) => makeBlock(definition, source, file));
  return {
    file,
    blocks,
    get uses() {
      return uses();
    },
    render: (scope) =>
      runTemplate(file, async () => {
        const output = new TextOutput();
        await body()(new Frame(scope), output);
        return output.text;
      }),
    renderNative: (scope) =>
      runTemplate(file, async () => {
        const output = new ValueOutput();
        await body()(new Frame(scope, { isNative: true }), output);
        return nativeResult(output.values);
      }),
  };
}

/**
 * Reads a template. It is compiled when it is first rendered.
 * @param file What errors call the file.
 * @param firstLine The line of the file that the text begins at.
 * @throws JinjaError of kind TemplateSyntaxError, with file and line.
 */
export const parseTemplate = (text: string, file: string, firstLine = 1): Template =>
  readTemplate(text, file, firstLine);
