/** The names that are visible at a point of a template while it is rendered, and where its text goes. */
import { globalNames } from './globals.ts';
import { type MakeUndefined, str, strictUndefined, type Value } from './values.ts';

/** What a host gives to a template that is rendered: its names, and what a name that is not there becomes. */
export interface Scope {
  /** The value of a name; JavaScript's undefined where the host knows none. */
  lookup(name: string): Value | undefined;
  /** strictUndefined when left out; lenientUndefined while a project is parsed. */
  readonly makeUndefined?: MakeUndefined;
}

interface FrameOptions {
  readonly parent?: Frame;
  readonly isNative?: boolean;
  readonly depth?: number;
}

/** Names that were set in one block of a template; those around it are asked next, and then the host. */
export class Frame {
  readonly scope: Scope;
  readonly makeUndefined: MakeUndefined;
  /** Whether values are kept as they are where they are the whole output. */
  readonly isNative: boolean;
  readonly #parent: Frame | undefined;
  readonly #values = new Map<string, Value>();

  /** How many macro calls the frame is within. */
  readonly depth: number;

  constructor(scope: Scope, { parent, isNative = false, depth = 0 }: FrameOptions = {}) {
    this.depth = depth;
    this.scope = scope;
    this.makeUndefined = scope.makeUndefined ?? strictUndefined;
    this.isNative = isNative;
    this.#parent = parent;
  }

  /** A frame within this one. */
  inner(depth = this.depth): Frame {
    return new Frame(this.scope, { parent: this, isNative: this.isNative, depth });
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  /** The value of a name, or an undefined. */
  get(name: string): Value {
    for (let frame: Frame | undefined = this; frame; frame = frame.#parent) {
      const value = frame.#values.get(name);
      if (value !== undefined) return value;
    }
    const known = this.scope.lookup(name);
    if (known !== undefined) return known;
    return globalNames.get(name) ?? this.makeUndefined(`'${name}' is undefined`, name);
  }
}

/** Where the output of statements goes. */
export interface Output {
  write(value: Value): void;
}

/** Output that becomes one text. */
export class TextOutput implements Output {
  #text = '';

  write(value: Value): void {
    this.#text += str(value);
  }

  get text(): string {
    return this.#text;
  }
}

/** Output whose values are kept as they are. */
export class ValueOutput implements Output {
  readonly values: Value[] = [];

  write(value: Value): void {
    this.values.push(value);
  }
}

/** Runs statements within a frame; a promise where something had to be waited for. */
export type Execute = (frame: Frame, output: Output) => void | Promise<void>;
