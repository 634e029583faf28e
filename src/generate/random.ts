/** Seeded chance: the same seed and stream give the same draws on every machine. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of draws. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A uniform integer from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  /** True with the probability given. */
  chance(probability: number): boolean;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  /** One of the items, each as likely as the others; the list must not be empty. */
  pick<T>(items: readonly T[]): T;
}

/** Opens stream `stream` (0, 1, 2, ...) of a seed (an unsigned 32-bit integer); streams do not overlap. */
export function createRandom(seed: number, stream: number): Random {
  const generator = xoroshiro128plus(seed);
  for (let jumps = 0; jumps <= stream; jumps += 1) generator.jump();
  const fraction = (): number => uniformFloat64(generator);
  const integer = (from: number, to: number): number => uniformInt(generator, from, to);
  return {
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    // Box and Muller, A Note on the Generation of Random Normal Deviates (1958).
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    pick: <T>(items: readonly T[]): T => items[integer(0, items.length - 1)] as T,
  };
}

/** Running totals of weights, ready to be drawn from. */
export function cumulate(weights: readonly number[]): Float64Array {
  const totals = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((weight, index) => {
    total += weight;
    totals[index] = total;
  });
  return totals;
}

/** An index below `length`, as likely as its share in the running totals; the last total must be above 0. */
export function drawIndex(random: Random, totals: Float64Array, length = totals.length): number {
  const target = random.fraction() * (totals[length - 1] as number);
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((totals[middle] as number) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A draw from a fixed list of [item, weight] pairs; the weights need not add up to 1. */
export function weighted<T>(choices: readonly (readonly [item: T, weight: number])[]): (random: Random) => T {
  const items = choices.map(([item]) => item);
  const totals = cumulate(choices.map(([, weight]) => weight));
  return (random) => items[drawIndex(random, totals)] as T;
}
