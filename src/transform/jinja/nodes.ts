/** The tree of a template: plain data between the parser and the compiler. */
import type { Value } from './values.ts';

/** Where a node begins: line and column from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface KeywordArgument {
  readonly name: string;
  readonly value: Expression;
}

/** The arguments of a call, filter or test: `f(a, b=1, *c, **d)`. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly KeywordArgument[];
  readonly rest: Expression | undefined;
  readonly restKeywords: Expression | undefined;
}

export const noArguments: Arguments = { positional: [], keywords: [], rest: undefined, restKeywords: undefined };

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Expression = Position &
  (
    | { readonly type: 'constant'; readonly value: Value }
    | { readonly type: 'name'; readonly name: string }
    | { readonly type: 'list' | 'tuple' | 'concatenate'; readonly items: readonly Expression[] }
    | { readonly type: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
    | { readonly type: 'attribute'; readonly target: Expression; readonly name: string }
    | { readonly type: 'item'; readonly target: Expression; readonly key: Expression }
    | {
        readonly type: 'slice';
        readonly start: Expression | undefined;
        readonly stop: Expression | undefined;
        readonly step: Expression | undefined;
      }
    | { readonly type: 'call'; readonly callee: Expression; readonly args: Arguments }
    | {
        readonly type: 'filter';
        readonly input: Expression | undefined;
        readonly name: string;
        readonly args: Arguments;
      }
    | { readonly type: 'test'; readonly input: Expression; readonly name: string; readonly args: Arguments }
    | { readonly type: 'negate' | 'plus' | 'not'; readonly operand: Expression }
    | {
        readonly type: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly type: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
    | {
        readonly type: 'compare';
        readonly first: Expression;
        readonly rest: readonly { readonly comparison: Comparison; readonly operand: Expression }[];
      }
    | {
        readonly type: 'choose';
        readonly condition: Expression;
        readonly whenTrue: Expression;
        readonly otherwise: Expression | undefined;
      }
  );

/** What can be assigned to: a name, an attribute of a namespace, or a tuple of those. */
export type Target = Position &
  (
    | { readonly type: 'name'; readonly name: string }
    | { readonly type: 'namespace'; readonly object: string; readonly attribute: string }
    | { readonly type: 'tuple'; readonly items: readonly Target[] }
  );

export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** What a macro, test or materialization consists of; a `call` block is one without a name of its own. */
export interface MacroDefinition extends Position {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

/** A span of the source: from the first character of the opening tag to behind the closing one, and what is between the tags. */
export interface Span {
  readonly start: number;
  readonly contentsStart: number;
  readonly contentsEnd: number;
  readonly end: number;
}

export type DefinitionKind = 'macro' | 'test' | 'materialization' | 'snapshot' | 'docs';

export type Statement = Position &
  (
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'output'; readonly expression: Expression }
    | { readonly type: 'do'; readonly expression: Expression }
    | {
        readonly type: 'if';
        readonly branches: readonly { readonly condition: Expression; readonly body: readonly Statement[] }[];
        readonly otherwise: readonly Statement[];
      }
    | {
        readonly type: 'for';
        readonly target: Target;
        readonly iterable: Expression;
        readonly condition: Expression | undefined;
        readonly recursive: boolean;
        readonly body: readonly Statement[];
        readonly otherwise: readonly Statement[];
      }
    | { readonly type: 'break' | 'continue' }
    | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
    | {
        readonly type: 'setBlock';
        readonly target: Target;
        readonly filter: Expression | undefined;
        readonly body: readonly Statement[];
      }
    | {
        readonly type: 'with';
        readonly assignments: readonly { readonly target: Target; readonly value: Expression }[];
        readonly body: readonly Statement[];
      }
    | { readonly type: 'filterBlock'; readonly filter: Expression; readonly body: readonly Statement[] }
    | {
        readonly type: 'callBlock';
        readonly call: Expression & { readonly type: 'call' };
        readonly caller: MacroDefinition;
      }
    | {
        readonly type: 'definition';
        readonly kind: DefinitionKind;
        readonly macro: MacroDefinition;
        readonly span: Span;
      }
  );
