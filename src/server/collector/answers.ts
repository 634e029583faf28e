/** What the collector answers, as schemas that its answers are checked against. */
import { z } from 'zod';

const verdict = z.discriminatedUnion('status', [
  z.object({ status: z.literal('accepted') }),
  z.object({ status: z.literal('rejected'), rules: z.array(z.string()) }),
]);
/** What became of one event. */
export type Verdict = z.infer<typeof verdict>;

/** The answer to a request: how many events were taken and refused, and each of them in its order. */
export const collectedSchema = z.object({
  accepted: z.int().min(0),
  rejected: z.int().min(0),
  events: z.array(verdict),
});
/** The answer to a request. */
export type Collected = z.infer<typeof collectedSchema>;

const instant = z.iso.datetime();

/** How the collector is: counts are since its start, sizes in bytes. */
export const collectorStatusSchema = z.object({
  state: z.enum(['open', 'closing']),
  sources: z.array(
    z.object({
      source: z.string(),
      accepted: z.int(),
      rejected: z.int(),
      /** The segment that is being written. */
      open: z.object({ path: z.string(), openedAt: instant, events: z.int(), bytes: z.int() }).nullable(),
      /** Closed segments that have not been taken in. */
      waiting: z.int(),
    }),
  ),
  bytesInMemory: z.int(),
  flushes: z.int(),
  lastFlushAt: instant.nullable(),
  lastError: z.object({ at: instant, problem: z.string() }).nullable(),
});
