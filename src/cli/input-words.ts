/** The words of commands that load CSV files. */
import { resolve } from 'node:path';
import { sourceNameOf } from '../ingest/csv/presets.ts';
import type { Input } from '../pipeline/run.ts';

/** The words that say what to load. */
export interface InputWords {
  readonly input?: string;
  readonly preset?: string;
  readonly option?: Readonly<Record<string, string>>;
  readonly source?: string;
  readonly asOf?: string;
  readonly dryRun?: true;
}

/** What the words ask to load; undefined when they name no input. */
export function toInput(words: InputWords): Input | undefined {
  if (words.input === undefined) return undefined;
  return {
    path: resolve(words.input),
    preset: words.preset,
    options: words.option ?? {},
    source: words.source ?? (words.preset === undefined ? 'csv' : sourceNameOf(words.preset)),
    asOf: words.asOf,
    dryRun: words.dryRun ?? false,
  };
}
