/** The known word that is nearest to an unknown one, for messages. */
import { closest, distance } from 'fastest-levenshtein';

/** The word of `known` that is nearest to `word`; 'none' where nothing is known. */
export const nearest = (word: string, known: Iterable<string>): string => {
  const words = [...new Set(known)];
  return words.length === 0 ? 'none' : closest(word, words);
};

/** The nearest word, when it is near enough for a slip of the pen. */
export function slipOf(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, [...known]);
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined;
}

/** ", did you mean 'x'?" where a known word is near enough to be meant; otherwise nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = slipOf(word, known);
  return meant === undefined ? '' : `, did you mean '${meant}'?`;
}
