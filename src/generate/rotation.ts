/** Draws from a list so that each item comes up about as often as the others. */
import type { Random } from './random.ts';

function shuffle<T>(random: Random, items: readonly T[]): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random.fraction() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ item }) => item);
}

/**
 * Gives what was made of the first item in turn that something can be made of; undefined when there is none. An item
 * that was passed over stays in its turn.
 */
export function createRotation<T>(
  random: Random,
  items: readonly T[],
): <R>(make: (item: T) => R | undefined) => R | undefined {
  let waiting: readonly T[] = [];
  return (make) => {
    if (waiting.length < items.length) waiting = [...waiting, ...shuffle(random, items)];
    for (const [place, item] of waiting.entries()) {
      const result = make(item);
      if (result === undefined) continue;
      waiting = waiting.toSpliced(place, 1);
      return result;
    }
    return undefined;
  };
}
