/** How many events a write key may send: a bucket of tokens per key, filled at the rate, as deep as the burst. */
import type { Clock } from '../../kernel/time.ts';

/** Counts events per key. */
export interface RateLimit {
  /** Takes so many events off the key's allowance; or takes none and gives the seconds after which there are enough. */
  take(key: string, events: number): number;
  /** Gives back what was taken for events that could not be kept. */
  giveBack(key: string, events: number): void;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** A limit of `rate` events per second and `burst` events at once. */
export function createRateLimit(rate: number, burst: number, clock: Clock): RateLimit {
  const buckets = new Map<string, Bucket>();

  function bucketOf(key: string): Bucket {
    const now = clock().getTime();
    const bucket = buckets.get(key) ?? { tokens: burst, filledAt: now };
    const passed = Math.max(0, now - bucket.filledAt) / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + passed * rate);
    bucket.filledAt = now;
    buckets.set(key, bucket);
    return bucket;
  }

  return {
    take(key, events) {
      const bucket = bucketOf(key);
      if (bucket.tokens < events) return (events - bucket.tokens) / rate;
      bucket.tokens -= events;
      return 0;
    },
    giveBack(key, events) {
      const bucket = bucketOf(key);
      bucket.tokens = Math.min(burst, bucket.tokens + events);
    },
  };
}
