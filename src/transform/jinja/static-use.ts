/** What a template uses, read from its tree without rendering it. */
import { literalValue } from './literals.ts';
import type { Arguments, Expression, Statement } from './nodes.ts';
import type { Value } from './values.ts';
import { walkStatements } from './walk.ts';

/** A call whose arguments were read from the text. */
export interface StaticCall {
  readonly line: number;
  /** Whether every argument is a literal; args and kwargs hold only those that are. */
  readonly constant: boolean;
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
}

/** A name that is called: `star` of package dbt_utils for `dbt_utils.star(...)`. */
export interface CalledName {
  readonly package: string | null;
  readonly name: string;
  readonly line: number;
}

/** `adapter.dispatch('name', 'namespace')`; undefined where the argument is no literal. */
export interface StaticDispatch {
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly line: number;
}

export interface StaticUse {
  /** Every call of `name(...)` and `package.name(...)`, once for each name. */
  readonly calledNames: readonly CalledName[];
  readonly dispatches: readonly StaticDispatch[];
  readonly refs: readonly StaticCall[];
  readonly sources: readonly StaticCall[];
  readonly configs: readonly StaticCall[];
  readonly vars: readonly StaticCall[];
  /** Every name that is read, such as `this`, `target` and `execute`. */
  readonly names: ReadonlySet<string>;
  /** Whether the template is text and constant calls of ref, source and config alone, so that nothing need be rendered to know them. */
  readonly isStatic: boolean;
}

type CallNode = Expression & { readonly type: 'call' };

function readCall({ line, args }: CallNode): StaticCall {
  const values = args.positional.map(literalValue);
  const named = args.keywords.map(({ name, value }) => [name, literalValue(value)] as const);
  const isDefined = (value: Value | undefined): value is Value => value !== undefined;
  return {
    line,
    constant: !hasRest(args) && values.every(isDefined) && named.every(([, value]) => isDefined(value)),
    args: values.filter(isDefined),
    kwargs: new Map(named.flatMap(([name, value]) => (isDefined(value) ? [[name, value] as const] : []))),
  };
}

const hasRest = ({ rest, restKeywords }: Arguments): boolean => rest !== undefined || restKeywords !== undefined;

function textArgument({ args }: CallNode, index: number, name: string): string | undefined {
  const argument = args.positional[index] ?? args.keywords.find((keyword) => keyword.name === name)?.value;
  return argument?.type === 'constant' && typeof argument.value === 'string' ? argument.value : undefined;
}

/** The name that a call calls: `name(...)` or `package.name(...)`; undefined for anything longer. */
function calledName({ callee, line }: CallNode): CalledName | undefined {
  if (callee.type === 'name') return { package: null, name: callee.name, line };
  if (callee.type !== 'attribute' || callee.target.type !== 'name') return undefined;
  return { package: callee.target.name, name: callee.name, line };
}

const isDispatch = (called: CalledName): boolean => called.package === 'adapter' && called.name === 'dispatch';

/** Functions whose constant calls say what a node is made of. */
const described = ['ref', 'source', 'config', 'var'] as const;
type Described = (typeof described)[number];

function isConstantOutput(statement: Statement): boolean {
  if (statement.type === 'text') return true;
  if (statement.type !== 'output' || statement.expression.type !== 'call') return false;
  const called = calledName(statement.expression);
  const isKnown = called?.package === null && ['ref', 'source', 'config'].includes(called.name);
  return isKnown && readCall(statement.expression).constant;
}

/** Collects what statements use. */
class UseCollector {
  readonly calledNames = new Map<string, CalledName>();
  readonly dispatches: StaticDispatch[] = [];
  readonly names = new Set<string>();
  readonly calls: Record<Described, StaticCall[]> = { ref: [], source: [], config: [], var: [] };

  visit(expression: Expression): void {
    if (expression.type === 'name') this.names.add(expression.name);
    if (expression.type === 'call') this.#visitCall(expression);
  }

  #visitCall(call: CallNode): void {
    const called = calledName(call);
    if (!called) return;
    if (isDispatch(called)) {
      const name = textArgument(call, 0, 'macro_name');
      this.dispatches.push({ name, namespace: textArgument(call, 1, 'macro_namespace'), line: call.line });
      return;
    }
    const key = called.package === null ? called.name : `${called.package}.${called.name}`;
    if (!this.calledNames.has(key)) this.calledNames.set(key, called);
    const kind = described.find((name) => called.package === null && called.name === name);
    if (kind) this.calls[kind].push(readCall(call));
  }
}

/** What statements use, those of macros within them included. */
export function staticUseOf(statements: readonly Statement[]): StaticUse {
  const collector = new UseCollector();
  walkStatements(statements, (expression) => collector.visit(expression));
  return {
    calledNames: [...collector.calledNames.values()],
    dispatches: collector.dispatches,
    refs: collector.calls.ref,
    sources: collector.calls.source,
    configs: collector.calls.config,
    vars: collector.calls.var,
    names: collector.names,
    isStatic: statements.every(isConstantOutput),
  };
}
