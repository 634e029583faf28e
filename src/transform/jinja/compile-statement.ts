/** Turns statements into closures that write their output. */
import { type Evaluate, ExpressionCompiler } from './compile-expression.ts';
import { compileMacro } from './compile-macro.ts';
import { JinjaError, valueError } from './errors.ts';
import { type Execute, type Frame, type Output, TextOutput } from './frame.ts';
import { Namespace } from './globals.ts';
import { Loop } from './loop.ts';
import type { Expression, MacroDefinition, Statement, Target } from './nodes.ts';
import { listOf, Macro, str, truthy, type Value } from './values.ts';
import { partsOf } from './walk.ts';

type Assign = (frame: Frame, value: Value) => void;

type Node<Type extends Statement['type']> = Statement & { readonly type: Type };

/** What `break` and `continue` throw. */
class LoopSignal {
  readonly type: 'break' | 'continue';

  constructor(type: 'break' | 'continue') {
    this.type = type;
  }
}

/** The name of a macro that a template defines for itself; macros of the project are found by their own names. */
const localMacroName = (name: string): string => `dbt_macro__${name}`;

/** Runs statements one after the other. */
function inSequence(statements: readonly Execute[]): Execute {
  const [only] = statements;
  if (statements.length === 1 && only) return only;
  return async (frame, output) => {
    for (const execute of statements) {
      const waiting = execute(frame, output);
      if (waiting) await waiting;
    }
  };
}

/** Compiles the statements of one file. */
export class StatementCompiler {
  readonly expressions: ExpressionCompiler;

  constructor(file: string) {
    this.expressions = new ExpressionCompiler(file);
  }

  compileBody(statements: readonly Statement[]): Execute {
    return inSequence(statements.map((statement) => this.#compile(statement)));
  }

  #compile(node: Statement): Execute {
    switch (node.type) {
      case 'text':
        return (_frame, output) => output.write(node.text);
      case 'output':
        return this.#compileOutput(node.expression);
      case 'do':
        return this.#compileDo(node.expression);
      case 'if':
        return this.#compileIf(node);
      case 'for':
        return this.#compileFor(node);
      case 'break':
      case 'continue':
        return () => {
          throw new LoopSignal(node.type);
        };
      case 'set':
        return this.#compileSet(node);
      case 'setBlock':
        return this.#compileSetBlock(node);
      case 'with':
        return this.#compileWith(node);
      case 'filterBlock':
        return this.#compileFilterBlock(node);
      case 'callBlock':
        return this.#compileCallBlock(node);
      case 'definition':
        return this.#compileDefinition(node);
    }
  }

  #compileOutput(expression: Expression): Execute {
    const evaluate = this.expressions.compile(expression);
    const constant = isConstant(expression);
    return async (frame, output) => {
      const value = await evaluate(frame);
      output.write(constant ? str(value) : value);
    };
  }

  #compileDo(expression: Expression): Execute {
    const evaluate = this.expressions.compile(expression);
    return async (frame) => {
      await evaluate(frame);
    };
  }

  #compileIf(node: Node<'if'>): Execute {
    const branches = node.branches.map(
      ({ condition, body }) => [this.expressions.compile(condition), this.compileBody(body)] as const,
    );
    const otherwise = this.compileBody(node.otherwise);
    return async (frame, output) => {
      for (const [condition, body] of branches) {
        if (truthy(await condition(frame))) return body(frame, output);
      }
      return otherwise(frame, output);
    };
  }

  /** The body of a loop over items that are known, as often as there are items. */
  #compileFor(node: Node<'for'>): Execute {
    const iterable = this.expressions.compile(node.iterable);
    const itemsOf = this.#compileItems(node);
    const assign = this.#compileTarget(node.target);
    const body = this.compileBody(node.body);
    const otherwise = this.compileBody(node.otherwise);
    const run = async (frame: Frame, output: Output, value: Value, depth0: number): Promise<void> => {
      const items = await itemsOf(frame, value);
      const recurse = async (inner: Value): Promise<Value> => {
        const text = new TextOutput();
        await run(frame, text, inner, depth0 + 1);
        return text.text;
      };
      const loop = new Loop(items, depth0, frame.makeUndefined, node.recursive ? recurse : undefined);
      if (items.length === 0) return otherwise(frame.inner(), output);
      await runLoop(items, loop, (item) => {
        const inner = frame.inner();
        inner.set('loop', loop);
        assign(inner, item);
        return body(inner, output);
      });
    };
    return async (frame, output) => run(frame, output, await iterable(frame), 0);
  }

  /** The items that a loop runs over: those for which its condition holds. */
  #compileItems(node: Node<'for'>): (frame: Frame, value: Value) => readonly Value[] | Promise<readonly Value[]> {
    const list = (value: Value): readonly Value[] => this.expressions.at(node, () => listOf(value));
    if (!node.condition) return (_frame, value) => list(value);
    const condition = this.expressions.compile(node.condition);
    const assign = this.#compileTarget(node.target);
    return async (frame, value) => {
      const kept: Value[] = [];
      for (const item of list(value)) {
        const inner = frame.inner();
        assign(inner, item);
        if (truthy(await condition(inner))) kept.push(item);
      }
      return kept;
    };
  }

  #compileTarget(target: Target): Assign {
    if (target.type === 'name') return (frame, value) => frame.set(target.name, value);
    if (target.type === 'tuple') {
      const assigns = target.items.map((item) => this.#compileTarget(item));
      return (frame, value) => this.expressions.at(target, () => unpack(frame, assigns, value));
    }
    return (frame, value) =>
      this.expressions.at(target, () => namespaceOf(frame.get(target.object)).setAttribute(target.attribute, value));
  }

  #compileSet(node: Node<'set'>): Execute {
    const assign = this.#compileTarget(node.target);
    const value = this.expressions.compile(node.value);
    return async (frame) => assign(frame, await value(frame));
  }

  /** A body as an expression: its text. */
  #compileText(statements: readonly Statement[]): Evaluate {
    const body = this.compileBody(statements);
    return async (frame) => {
      const text = new TextOutput();
      await body(frame.inner(), text);
      return text.text;
    };
  }

  #compileSetBlock(node: Node<'setBlock'>): Execute {
    const assign = this.#compileTarget(node.target);
    const text = this.#compileText(node.body);
    const value = node.filter ? this.expressions.compileBlockFilter(node.filter, text) : text;
    return async (frame) => assign(frame, await value(frame));
  }

  #compileWith(node: Node<'with'>): Execute {
    const assignments = node.assignments.map(
      ({ target, value }) => [this.#compileTarget(target), this.expressions.compile(value)] as const,
    );
    const body = this.compileBody(node.body);
    return async (frame, output) => {
      const inner = frame.inner();
      for (const [assign, value] of assignments) assign(inner, await value(frame));
      await body(inner, output);
    };
  }

  #compileFilterBlock(node: Node<'filterBlock'>): Execute {
    const value = this.expressions.compileBlockFilter(node.filter, this.#compileText(node.body));
    return async (frame, output) => output.write(await value(frame));
  }

  #compileCallBlock(node: Node<'callBlock'>): Execute {
    const caller = this.compileMacro(node.caller);
    const call = this.expressions.compileCall(node.call, (frame, kwargs) => {
      kwargs.set('caller', new Macro('caller', (args, named, depth) => caller(frame, args, named, depth)));
    });
    return async (frame, output) => output.write(await call(frame));
  }

  compileMacro(definition: MacroDefinition): ReturnType<typeof compileMacro> {
    return compileMacro(definition, this.expressions, this.compileBody(definition.body));
  }

  /** Macros within a template become names of it; snapshots and docs say nothing where they stand. */
  #compileDefinition({ kind, macro }: Node<'definition'>): Execute {
    if (kind === 'snapshot' || kind === 'docs') return () => undefined;
    const call = this.compileMacro(macro);
    const name = localMacroName(macro.name);
    return (frame) => frame.set(name, new Macro(name, (args, kwargs, depth) => call(frame, args, kwargs, depth)));
  }
}

const constantTypes: ReadonlySet<Expression['type']> = new Set([
  'constant',
  'list',
  'tuple',
  'dict',
  'concatenate',
  'negate',
  'plus',
  'not',
  'binary',
  'and',
  'or',
  'compare',
  'choose',
]);

/** Whether an expression is the same at every rendering; jinja2 makes text of it even where values are kept. */
const isConstant = (expression: Expression): boolean =>
  constantTypes.has(expression.type) && partsOf(expression).every(isConstant);

/** Runs the body for each item until `break`. */
async function runLoop(
  items: readonly Value[],
  loop: Loop,
  runBody: (item: Value) => void | Promise<void>,
): Promise<void> {
  for (const item of items) {
    loop.advance();
    try {
      await runBody(item);
    } catch (thrown) {
      if (!(thrown instanceof LoopSignal)) throw thrown;
      if (thrown.type === 'break') return;
    }
  }
}

function namespaceOf(value: Value): Namespace {
  if (value instanceof Namespace) return value;
  throw new JinjaError('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
}

function unpack(frame: Frame, assigns: readonly Assign[], value: Value): void {
  const items = listOf(value);
  if (items.length > assigns.length) throw valueError(`too many values to unpack (expected ${assigns.length})`);
  if (items.length < assigns.length) {
    throw valueError(`not enough values to unpack (expected ${assigns.length}, got ${items.length})`);
  }
  assigns.forEach((assign, index) => {
    assign(frame, items[index] ?? null);
  });
}
