/** Checks of words that only make sense together. */
import { MillraceError } from '../kernel/errors.ts';
import type { InputWords } from './input-words.ts';

/** Errors: MR-CLI-001 when words about an input come without one. */
export function requireInput(words: InputWords, command = 'run'): void {
  if (words.input !== undefined) return;
  const lonely = (['preset', 'option', 'source', 'asOf'] as const).find((name) => words[name] !== undefined);
  if (lonely) {
    const flag = lonely === 'asOf' ? '--as-of' : `--${lonely}`;
    throw new MillraceError('MR-CLI-001', {
      problem: `${flag} says how to load files, but --input names none.`,
      help: `millrace ${command} --help`,
    });
  }
}
