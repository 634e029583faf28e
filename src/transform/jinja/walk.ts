/** Visits every expression of a template's tree. */
import type { Arguments, Expression, MacroDefinition, Statement } from './nodes.ts';

type Visit = (expression: Expression) => void;

const present = (expressions: readonly (Expression | undefined)[]): readonly Expression[] =>
  expressions.filter((expression) => expression !== undefined);

const argumentParts = ({ positional, keywords, rest, restKeywords }: Arguments): readonly Expression[] =>
  present([...positional, ...keywords.map(({ value }) => value), rest, restKeywords]);

/** The expressions directly within an expression. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.type) {
    case 'constant':
    case 'name':
      return [];
    case 'list':
    case 'tuple':
    case 'concatenate':
      return expression.items;
    case 'dict':
      return expression.entries.flat();
    case 'attribute':
      return [expression.target];
    case 'item':
      return [expression.target, expression.key];
    case 'slice':
      return present([expression.start, expression.stop, expression.step]);
    case 'call':
      return [expression.callee, ...argumentParts(expression.args)];
    case 'filter':
      return [...present([expression.input]), ...argumentParts(expression.args)];
    case 'test':
      return [expression.input, ...argumentParts(expression.args)];
    case 'negate':
    case 'plus':
    case 'not':
      return [expression.operand];
    case 'binary':
    case 'and':
    case 'or':
      return [expression.left, expression.right];
    case 'compare':
      return [expression.first, ...expression.rest.map(({ operand }) => operand)];
    case 'choose':
      return present([expression.condition, expression.whenTrue, expression.otherwise]);
  }
}

/** Visits an expression and all within it, the outer ones first. */
function walkExpression(expression: Expression, visit: Visit): void {
  visit(expression);
  for (const part of partsOf(expression)) walkExpression(part, visit);
}

const defaultsOf = ({ parameters }: MacroDefinition): readonly Expression[] =>
  present(parameters.map(({ fallback }) => fallback));

/** The expressions directly within a statement, and the bodies within it. */
function contentsOf(statement: Statement): {
  readonly expressions: readonly Expression[];
  readonly bodies: readonly (readonly Statement[])[];
} {
  switch (statement.type) {
    case 'text':
    case 'break':
    case 'continue':
      return { expressions: [], bodies: [] };
    case 'output':
    case 'do':
      return { expressions: [statement.expression], bodies: [] };
    case 'if':
      return {
        expressions: statement.branches.map(({ condition }) => condition),
        bodies: [...statement.branches.map(({ body }) => body), statement.otherwise],
      };
    case 'for':
      return {
        expressions: present([statement.iterable, statement.condition]),
        bodies: [statement.body, statement.otherwise],
      };
    case 'set':
      return { expressions: [statement.value], bodies: [] };
    case 'setBlock':
      return { expressions: present([statement.filter]), bodies: [statement.body] };
    case 'with':
      return { expressions: statement.assignments.map(({ value }) => value), bodies: [statement.body] };
    case 'filterBlock':
      return { expressions: [statement.filter], bodies: [statement.body] };
    case 'callBlock':
      return { expressions: [statement.call, ...defaultsOf(statement.caller)], bodies: [statement.caller.body] };
    case 'definition':
      return { expressions: defaultsOf(statement.macro), bodies: [statement.macro.body] };
  }
}

/** Visits every expression of statements and of the statements within them. */
export function walkStatements(statements: readonly Statement[], visit: Visit): void {
  for (const statement of statements) {
    const { expressions, bodies } = contentsOf(statement);
    for (const expression of expressions) walkExpression(expression, visit);
    for (const body of bodies) walkStatements(body, visit);
  }
}
