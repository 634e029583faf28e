/** The rate limit: never more than the burst and the rate allow, and nothing less. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

/** A clock that is moved by hand, in milliseconds. */
function handClock() {
  let now = 1_700_000_000_000;
  return {
    clock: () => new Date(now),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('a burst goes, then the rate; the wait that is told is enough and not too long', () => {
  const { clock, pass } = handClock();
  const limit = createRateLimit(100, 1000, clock);
  expect(limit.take('a', 1000)).toBe(0);
  expect(limit.take('a', 50)).toBe(0.5);
  pass(490);
  expect(limit.take('a', 50)).toBeGreaterThan(0);
  pass(10);
  expect(limit.take('a', 50)).toBe(0);
  expect(limit.take('a', 1)).toBe(0.01);
  expect(limit.take('b', 1000)).toBe(0);
  pass(3_600_000);
  expect(limit.take('a', 1001)).toBeGreaterThan(0);
  expect(limit.take('a', 1000)).toBe(0);
});

test('what is given back can be taken again, and no more', () => {
  const { clock } = handClock();
  const limit = createRateLimit(1, 1000, clock);
  limit.take('a', 600);
  limit.giveBack('a', 600);
  limit.giveBack('a', 600);
  expect(limit.take('a', 1000)).toBe(0);
  expect(limit.take('a', 1)).toBe(1);
});

test('over any time no more is taken than the burst and the rate', () => {
  const step = fc.record({ events: fc.integer({ min: 1, max: 300 }), passed: fc.integer({ min: -50, max: 2000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, pass } = handClock();
      const limit = createRateLimit(100, 300, clock);
      let taken = 0;
      let forward = 0;
      for (const { events, passed } of steps) {
        pass(passed);
        forward += Math.max(0, passed);
        if (limit.take('a', events) === 0) taken += events;
      }
      expect(taken).toBeLessThanOrEqual(300 + forward * 0.1 + 1e-6);
    }),
  );
});
