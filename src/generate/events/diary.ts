/** Knows which visitors are about when, so that no two sessions of one visitor meet. */
import type { SessionHeader } from './event-line.ts';

/** A session, or a part of one; instants are milliseconds since 1970-01-01 UTC. */
export interface Span {
  readonly session: SessionHeader;
  readonly from: number;
  readonly to: number;
}

/** After this long without an event, what follows is another session: milliseconds. */
export const sessionTimeout = 30 * 60_000;

/** The sessions of one day, and those of the day before that may still matter. */
export interface Diary {
  readonly enter: (span: Span) => void;
  /** The visitor's session that ends last. */
  readonly last: (visitorId: string) => Span | undefined;
  /** Whether a session of the visitor in this time would be one of its own. */
  readonly isFree: (visitorId: string, from: number, to: number) => boolean;
  /** Forgets what ended before an instant. */
  readonly forget: (before: number) => void;
}

export function openDiary(): Diary {
  const spans = new Map<string, Span[]>();
  return {
    enter(span) {
      const { id } = span.session.visitor;
      const known = spans.get(id);
      if (known) known.push(span);
      else spans.set(id, [span]);
    },
    last: (visitorId) => spans.get(visitorId)?.reduce((latest, span) => (span.to > latest.to ? span : latest)),
    isFree: (visitorId, from, to) =>
      (spans.get(visitorId) ?? []).every((span) => span.to + sessionTimeout < from || to + sessionTimeout < span.from),
    forget(before) {
      for (const [visitorId, known] of spans) {
        const kept = known.filter(({ to }) => to >= before);
        if (kept.length > 0) spans.set(visitorId, kept);
        else spans.delete(visitorId);
      }
    },
  };
}
