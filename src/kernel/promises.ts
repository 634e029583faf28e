/** Waiting for work that goes on at the same time. */

type Results<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/**
 * Waits until all of the work has ended, also what goes on after a failure: as `Promise.all`, but nobody is still at work
 * on what they share. Errors: that of the first in the list that failed.
 */
export async function allEnded<T extends readonly unknown[]>(work: readonly [...T]): Promise<Results<T>> {
  await Promise.allSettled(work);
  return Promise.all(work) as Promise<Results<T>>;
}
