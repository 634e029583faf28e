/** The one error of the Jinja language: what was wrong, where in the author's file, and through which macros. */

/** What kind of mistake it was, named as Python and jinja2 name their exceptions. */
export type JinjaErrorKind =
  | 'TemplateSyntaxError'
  | 'TemplateRuntimeError'
  | 'UndefinedError'
  | 'SecurityError'
  | 'FilterArgumentError'
  | 'TypeError'
  | 'ValueError'
  | 'KeyError'
  | 'IndexError'
  | 'AttributeError'
  | 'ZeroDivisionError'
  | 'OverflowError'
  | 'RecursionError'
  | 'HostError';

/** A place in a file: lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number | undefined;
}

/** One call on the way to an error: the macro that was called, and the place of the call. */
export interface MacroCall {
  readonly macro: string;
  readonly calledFrom: Place;
}

interface JinjaErrorOptions {
  readonly place?: Place | undefined;
  readonly calls?: readonly MacroCall[];
  readonly cause?: unknown;
}

/**
 * A mistake in a template, or one that a host's function reported (kind HostError, with the host's error as cause).
 * Built-in functions throw it without a place; the template that called them adds it.
 */
export class JinjaError extends Error {
  readonly kind: JinjaErrorKind;
  readonly place: Place | undefined;
  /** The macro calls that led to the place, the innermost first. */
  readonly calls: readonly MacroCall[];

  constructor(kind: JinjaErrorKind, message: string, options: JinjaErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'JinjaError';
    this.kind = kind;
    this.place = options.place;
    this.calls = options.calls ?? [];
  }

  get file(): string {
    return this.place?.file ?? '';
  }

  get line(): number {
    return this.place?.line ?? 0;
  }

  get column(): number | undefined {
    return this.place?.column;
  }

  /** The same error at a place, where it has none yet. */
  at(place: Place): JinjaError {
    if (this.place) return this;
    return new JinjaError(this.kind, this.message, { place, calls: this.calls, cause: this.cause });
  }

  /** The same error, met within one more macro call. */
  within(call: MacroCall): JinjaError {
    return new JinjaError(this.kind, this.message, {
      place: this.place,
      calls: [...this.calls, call],
      cause: this.cause,
    });
  }
}

/** Whatever was thrown, as a JinjaError at a place; a host's error keeps its message and becomes the cause. */
export function errorAt(thrown: unknown, place: Place): JinjaError {
  if (thrown instanceof JinjaError) return thrown.at(place);
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) {
    return new JinjaError('RecursionError', 'maximum recursion depth exceeded', { place });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new JinjaError('HostError', message, { place, cause: thrown });
}

/** As many calls as a message names; those in the middle are counted. */
const mostCallsShown = 10;

/** The macro calls that led to an error, each in words, the innermost first; where they are many, those in the middle are counted. */
export function describeCalls(calls: readonly MacroCall[], describe: (call: MacroCall) => string): readonly string[] {
  const left = calls.length - mostCallsShown;
  if (left <= 0) return calls.map(describe);
  const half = mostCallsShown / 2;
  return [...calls.slice(0, half).map(describe), `within ${left} more calls`, ...calls.slice(-half).map(describe)];
}

export const typeError = (message: string): JinjaError => new JinjaError('TypeError', message);

export const valueError = (message: string): JinjaError => new JinjaError('ValueError', message);
