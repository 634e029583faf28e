/** Lets requests in while there is memory for them, and knows when the last one has left. */
import type { FastifyReply } from 'fastify';
import { MillraceError } from '../../kernel/errors.ts';

/** The door. */
export interface Admission {
  /**
   * Holds a place for a request of so many bytes until its answer has left or its sender is gone.
   * Errors: MR-COL-007 when there is none.
   */
  enter(reply: FastifyReply, bytes: number): void;
  /** Lets nothing more in; resolves when nothing is inside, or after five seconds. */
  drain(): Promise<void>;
  readonly closed: boolean;
  readonly bytes: number;
}

/** How long a sender may take, in milliseconds, when the server ends. */
const grace = 5_000;

/** A door to so many bytes. */
export function createAdmission(memoryBytes: number): Admission {
  let inside = 0;
  let bytesInside = 0;
  let drained: Promise<void> | undefined;
  let whenEmpty: () => void = () => undefined;

  return {
    enter(reply, bytes) {
      if (drained) throw new MillraceError('MR-COL-007', { problem: 'the server is ending', retryAfter: 5 });
      if (bytesInside + bytes > memoryBytes) {
        throw new MillraceError('MR-COL-007', { problem: 'too many requests wait to be written', retryAfter: 1 });
      }
      inside += 1;
      bytesInside += bytes;
      reply.raw.once('close', () => {
        inside -= 1;
        bytesInside -= bytes;
        if (inside === 0) whenEmpty();
      });
    },
    drain() {
      drained ??= new Promise((resolve) => {
        whenEmpty = resolve;
        if (inside === 0) resolve();
        else setTimeout(resolve, grace).unref();
      });
      return drained;
    },
    get closed() {
      return drained !== undefined;
    },
    get bytes() {
      return bytesInside;
    },
  };
}
