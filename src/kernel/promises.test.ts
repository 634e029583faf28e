/** Work that goes on at the same time is waited for to its end. */
import { expect, test } from 'vitest';
import { allEnded } from './promises.ts';

test('gives what each came to, in the order of the list', async () => {
  const [number, text] = await allEnded([Promise.resolve(1), Promise.resolve('one')]);
  expect([number, text]).toEqual([1, 'one']);
});

test('a failure is told when the others have ended too, and of several that of the first in the list', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended: string[] = [];
  const slow = promise.then(() => {
    ended.push('slow');
    throw new Error('the slow one');
  });
  const fast = Promise.reject(new Error('the fast one'));
  const both = allEnded([slow, fast]).catch((thrown: unknown) => {
    ended.push('both');
    throw thrown;
  });
  resolve();
  await expect(both).rejects.toThrow('the slow one');
  expect(ended).toEqual(['slow', 'both']);
});
