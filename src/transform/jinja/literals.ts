/** Python's literals: what a text or an expression without names and operators stands for. */

import { JinjaError } from './errors.ts';
import { ExpressionParser } from './expression-parser.ts';
import { tokenize } from './lexer.ts';
import type { Expression } from './nodes.ts';
import { negate } from './operators.ts';
import { TokenStream } from './token-stream.ts';
import { Dict, isInt, PyFloat, Tuple, type Value } from './values.ts';

function itemValues(items: readonly Expression[]): Value[] | undefined {
  const values: Value[] = [];
  for (const item of items) {
    const value = literalValue(item);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function dictValue(entries: readonly (readonly [Expression, Expression])[]): Dict | undefined {
  const keys = itemValues(entries.map(([key]) => key));
  const values = itemValues(entries.map(([, value]) => value));
  if (!keys || !values) return undefined;
  return Dict.of(keys.map((key, index) => [key, values[index] ?? null]));
}

/** The value of an expression that holds literals alone; undefined for others. */
export function literalValue(expression: Expression): Value | undefined {
  switch (expression.type) {
    case 'constant':
      return expression.value;
    case 'list':
      return itemValues(expression.items);
    case 'tuple': {
      const items = itemValues(expression.items);
      return items && new Tuple(items);
    }
    case 'dict':
      return dictValue(expression.entries);
    case 'negate': {
      const operand = literalValue(expression.operand);
      return operand !== undefined && (isInt(operand) || operand instanceof PyFloat) ? negate(operand) : undefined;
    }
    default:
      return undefined;
  }
}

/** What Python's literal_eval gives for a text; undefined where it would refuse. */
export function parseLiteral(text: string): Value | undefined {
  try {
    const stream = new TokenStream(tokenize(`{{ ${text.trim()} }}`, ''), '');
    stream.expect('expressionBegin');
    const expression = new ExpressionParser(stream, { filters: new Set(), tests: new Set() }).parseTuple();
    stream.expect('expressionEnd');
    stream.expect('end');
    return usesPythonNames(text) ? literalValue(expression) : undefined;
  } catch (error) {
    if (error instanceof JinjaError) return undefined;
    throw error;
  }
}

/** Templates write true, false and none too; Python does not. */
const usesPythonNames = (text: string): boolean =>
  !/\b(?:true|false|none)\b/.test(text.replaceAll(/'[^']*'|"[^"]*"/g, ''));
