/** Turns expressions into closures that evaluate them. */
import { getAttribute, getItem } from './attributes.ts';
import { errorAt, JinjaError, typeError } from './errors.ts';
import { findFilter } from './filters.ts';
import type { Frame } from './frame.ts';
import type { Arguments, Comparison, Expression, Position } from './nodes.ts';
import { calculate, compare, contains, negate, plus } from './operators.ts';
import { ReturnValue } from './return-value.ts';
import { slice } from './sequences.ts';
import { findTest } from './tests.ts';
import {
  Callable,
  Dict,
  equals,
  isHostObject,
  listOf,
  Macro,
  str,
  Tuple,
  truthy,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Evaluates an expression within a frame. */
export type Evaluate = (frame: Frame) => Value | Promise<Value>;

type EvaluateArguments = (frame: Frame) => Promise<{ readonly args: Value[]; readonly kwargs: Map<string, Value> }>;

type Node<Type extends Expression['type']> = Expression & { readonly type: Type };

const comparisons: Readonly<Record<Comparison, (left: Value, right: Value) => boolean>> = {
  '==': equals,
  '!=': (left, right) => !equals(left, right),
  '<': (left, right) => compare(left, right, '<') < 0,
  '<=': (left, right) => compare(left, right, '<=') <= 0,
  '>': (left, right) => compare(left, right, '>') > 0,
  '>=': (left, right) => compare(left, right, '>=') >= 0,
  in: (left, right) => contains(right, left),
  'not in': (left, right) => !contains(right, left),
};

/** Adds the items that `*rest` stands for. */
function addRest(args: Value[], rest: Value): void {
  args.push(...listOf(rest));
}

/** Adds the entries that `**rest` stands for. */
function addRestKeywords(kwargs: Map<string, Value>, rest: Value): void {
  if (!(rest instanceof Map)) throw typeError(`argument after ** must be a mapping, not ${typeName(rest)}`);
  for (const [key, value] of rest) {
    if (typeof key !== 'string') throw typeError('keywords must be strings');
    if (kwargs.has(key)) throw typeError(`got multiple values for keyword argument '${key}'`);
    kwargs.set(key, value);
  }
}

/** Calls whatever can be called, from within so many macro calls. Throws TypeError for what cannot, UndefinedError for what is not there. */
export function callValue(
  callee: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  depth: number,
): Value | Promise<Value> {
  if (callee instanceof Macro) return callee.callWithin(args, kwargs, depth);
  if (callee instanceof Callable || callee instanceof Undefined) return callee.call(args, kwargs);
  if (isHostObject(callee) && callee.call) return callee.call(args, kwargs);
  throw typeError(`'${typeName(callee)}' object is not callable`);
}

/** Compiles the expressions of one file, whose name and lines its errors carry. */
export class ExpressionCompiler {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Whatever was thrown, as an error at a place; what ends a macro early passes as it is. */
  errorAt(thrown: unknown, { line, column }: Position): unknown {
    return thrown instanceof ReturnValue ? thrown : errorAt(thrown, { file: this.#file, line, column });
  }

  /** Runs what belongs to a node, so that its errors name the node's place. */
  at<Result>(position: Position, run: () => Result): Result {
    try {
      return run();
    } catch (thrown) {
      throw this.errorAt(thrown, position);
    }
  }

  compile(node: Expression): Evaluate {
    switch (node.type) {
      case 'constant':
        return () => node.value;
      case 'name':
        return (frame) => frame.get(node.name);
      case 'list':
        return this.#compileItems(node.items, (items) => items);
      case 'tuple':
        return this.#compileItems(node.items, (items) => new Tuple(items));
      case 'concatenate':
        return this.#compileItems(node.items, (items) => items.map(str).join(''));
      case 'dict':
        return this.#compileDict(node);
      case 'attribute':
        return this.#compileAttribute(node);
      case 'item':
        return node.key.type === 'slice' ? this.#compileSlice(node, node.key) : this.#compileItem(node);
      case 'slice':
        return () => this.at(node, () => failSlice());
      case 'call':
        return this.compileCall(node);
      case 'filter':
        return this.#compileFilter(node);
      case 'test':
        return this.#compileTest(node);
      default:
        return this.#compileOperator(node);
    }
  }

  #compileOperator(node: Node<'negate' | 'plus' | 'not' | 'binary' | 'and' | 'or' | 'compare' | 'choose'>): Evaluate {
    switch (node.type) {
      case 'negate':
        return this.#compileUnary(node, node.operand, negate);
      case 'plus':
        return this.#compileUnary(node, node.operand, plus);
      case 'not':
        return this.#compileUnary(node, node.operand, (value) => !truthy(value));
      case 'binary':
        return this.#compileBinary(node);
      case 'and':
        return this.#compileLogical(node.left, node.right, false);
      case 'or':
        return this.#compileLogical(node.left, node.right, true);
      case 'compare':
        return this.#compileComparison(node);
      case 'choose':
        return this.#compileChoice(node);
    }
  }

  #compileItems(items: readonly Expression[], finish: (items: Value[]) => Value): Evaluate {
    const evaluates = items.map((item) => this.compile(item));
    return async (frame) => {
      const values: Value[] = [];
      for (const evaluate of evaluates) values.push(await evaluate(frame));
      return finish(values);
    };
  }

  #compileDict(node: Node<'dict'>): Evaluate {
    const entries = node.entries.map(([key, value]) => [this.compile(key), this.compile(value)] as const);
    return async (frame) => {
      const dict = new Dict();
      for (const [evaluateKey, evaluateValue] of entries) {
        const key = await evaluateKey(frame);
        const value = await evaluateValue(frame);
        this.at(node, () => dict.set(key, value));
      }
      return dict;
    };
  }

  #compileAttribute(node: Node<'attribute'>): Evaluate {
    const target = this.compile(node.target);
    return async (frame) => {
      const value = await target(frame);
      return this.at(node, () => getAttribute(value, node.name, frame.makeUndefined));
    };
  }

  #compileItem(node: Node<'item'>): Evaluate {
    const target = this.compile(node.target);
    const key = this.compile(node.key);
    return async (frame) => {
      const value = await target(frame);
      const keyValue = await key(frame);
      return this.at(node, () => getItem(value, keyValue, frame.makeUndefined));
    };
  }

  #compileSlice(node: Node<'item'>, key: Node<'slice'>): Evaluate {
    const target = this.compile(node.target);
    const bounds = [key.start, key.stop, key.step].map((bound) => bound && this.compile(bound));
    return async (frame) => {
      const value = await target(frame);
      const [start, stop, step] = [await bounds[0]?.(frame), await bounds[1]?.(frame), await bounds[2]?.(frame)];
      return this.at(node, () =>
        value instanceof Undefined ? value.getItem(null) : slice(value, { start, stop, step }),
      );
    };
  }

  compileArguments(node: Position, { positional, keywords, rest, restKeywords }: Arguments): EvaluateArguments {
    const positionalValues = positional.map((argument) => this.compile(argument));
    const keywordValues = keywords.map(({ name, value }) => [name, this.compile(value)] as const);
    const restValue = rest && this.compile(rest);
    const restKeywordsValue = restKeywords && this.compile(restKeywords);
    return async (frame) => {
      const args: Value[] = [];
      const kwargs = new Map<string, Value>();
      for (const evaluate of positionalValues) args.push(await evaluate(frame));
      for (const [name, evaluate] of keywordValues) kwargs.set(name, await evaluate(frame));
      const more = await restValue?.(frame);
      if (more !== undefined) this.at(node, () => addRest(args, more));
      const moreKeywords = await restKeywordsValue?.(frame);
      if (moreKeywords !== undefined) this.at(node, () => addRestKeywords(kwargs, moreKeywords));
      return { args, kwargs };
    };
  }

  /**
   * A call; errors from within a macro are given the place that called it.
   * @param addArguments Adds what a call block passes: its caller.
   */
  compileCall(node: Node<'call'>, addArguments?: (frame: Frame, kwargs: Map<string, Value>) => void): Evaluate {
    const callee = this.compile(node.callee);
    const evaluateArguments = this.compileArguments(node, node.args);
    return async (frame) => {
      const value = await callee(frame);
      const { args, kwargs } = await evaluateArguments(frame);
      addArguments?.(frame, kwargs);
      try {
        return await callValue(value, args, kwargs, frame.depth + 1);
      } catch (thrown) {
        throw this.#errorOfCall(thrown, value, node);
      }
    };
  }

  #errorOfCall(thrown: unknown, callee: Value, node: Position): unknown {
    const isPlaced = thrown instanceof JinjaError && thrown.place !== undefined;
    if (!isPlaced || !(callee instanceof Macro)) return this.errorAt(thrown, node);
    const calledFrom = { file: this.#file, line: node.line, column: node.column };
    return thrown.within({ macro: callee.name, calledFrom });
  }

  #compileFilter(node: Node<'filter'>): Evaluate {
    const { input } = node;
    if (!input) throw new TypeError('a filter without input belongs to a block');
    return this.#compileFilterOf(node, this.compile(input));
  }

  /** The filters of a block, applied to what its body gave. */
  compileBlockFilter(node: Expression, input: Evaluate): Evaluate {
    if (node.type !== 'filter') throw new TypeError('a block is filtered by filters alone');
    return this.#compileFilterOf(node, node.input ? this.compileBlockFilter(node.input, input) : input);
  }

  #compileFilterOf(node: Node<'filter'>, input: Evaluate): Evaluate {
    const evaluateArguments = this.compileArguments(node, node.args);
    const filter = findFilter(node.name);
    return async (frame) => {
      const value = await input(frame);
      const { args, kwargs } = await evaluateArguments(frame);
      return this.at(node, () => filter(frame, value, args, kwargs));
    };
  }

  #compileTest(node: Node<'test'>): Evaluate {
    const input = this.compile(node.input);
    const evaluateArguments = this.compileArguments(node, node.args);
    const holds = findTest(node.name);
    return async (frame) => {
      const value = await input(frame);
      const { args, kwargs } = await evaluateArguments(frame);
      return this.at(node, () => holds(value, args, kwargs));
    };
  }

  #compileUnary(node: Position, operand: Expression, run: (value: Value) => Value): Evaluate {
    const evaluate = this.compile(operand);
    return async (frame) => {
      const value = await evaluate(frame);
      return this.at(node, () => run(value));
    };
  }

  #compileBinary(node: Node<'binary'>): Evaluate {
    const left = this.compile(node.left);
    const right = this.compile(node.right);
    return async (frame) => {
      const leftValue = await left(frame);
      const rightValue = await right(frame);
      return this.at(node, () => calculate(node.operator, leftValue, rightValue));
    };
  }

  /** `and` and `or` give the operand that decides. */
  #compileLogical(left: Expression, right: Expression, decisive: boolean): Evaluate {
    const evaluateLeft = this.compile(left);
    const evaluateRight = this.compile(right);
    return async (frame) => {
      const value = await evaluateLeft(frame);
      return truthy(value) === decisive ? value : evaluateRight(frame);
    };
  }

  #compileComparison(node: Node<'compare'>): Evaluate {
    const first = this.compile(node.first);
    const rest = node.rest.map(({ comparison, operand }) => [comparisons[comparison], this.compile(operand)] as const);
    return async (frame) => {
      let left = await first(frame);
      for (const [holds, operand] of rest) {
        const right = await operand(frame);
        if (!this.at(node, () => holds(left, right))) return false;
        left = right;
      }
      return true;
    };
  }

  #compileChoice(node: Node<'choose'>): Evaluate {
    const condition = this.compile(node.condition);
    const whenTrue = this.compile(node.whenTrue);
    const otherwise = node.otherwise && this.compile(node.otherwise);
    const message = "the inline if-expression evaluated to false and no 'else' section was defined";
    return async (frame) => {
      if (truthy(await condition(frame))) return whenTrue(frame);
      return otherwise ? otherwise(frame) : frame.makeUndefined(message, '');
    };
  }
}

function failSlice(): never {
  throw typeError('a slice stands alone between brackets');
}
