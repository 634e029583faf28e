/** The known word that an unknown one was meant to be, for messages. */
import { closest, distance } from 'fastest-levenshtein';

/** The nearest word, when it is near enough for a slip of the pen. */
export function slipOf(word: string, known: Iterable<string>): string | undefined {
  const words = [...new Set(known)];
  if (words.length === 0) return undefined;
  const best = closest(word, words);
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined;
}

/** The word for {nearest} in a message of the catalogue: empty, where none is near, and the question is left out. */
export const nearest = (word: string, known: Iterable<string>): string => slipOf(word, known) ?? '';

/** ", did you mean 'x'?" where a known word is near enough to be meant; otherwise nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const meant = slipOf(word, known);
  return meant === undefined ? '' : `, did you mean '${meant}'?`;
}
