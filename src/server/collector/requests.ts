/** What a request to the collector says beside its events, and what is wrong with one that Fastify refuses. */
import type { FastifyRequest } from 'fastify';
import { MillraceError, problemOf } from '../../kernel/errors.ts';
import { type ContentType, contentTypes, requestLimits } from './body.ts';

/** The write key, from the header X-Write-Key or, as sendBeacon sets no headers, from the address. */
export function keyOf({ headers, query }: FastifyRequest): string | undefined {
  const asked = headers['x-write-key'] ?? (query as { readonly key?: unknown }).key;
  return typeof asked === 'string' ? asked : undefined;
}

/** The content type of a request that Fastify has let through. */
export const typeOf = ({ headers }: FastifyRequest): ContentType =>
  contentTypes.find((type) => headers['content-type']?.toLowerCase().startsWith(type)) ?? 'text/plain';

/** The bytes that the body may come to need: its length, or the most there can be where that is not told. */
export function bytesOf({ headers }: FastifyRequest): number {
  const length = Number(headers['content-length'] ?? requestLimits.bytes);
  const body = Math.min(Number.isFinite(length) ? length : requestLimits.bytes, requestLimits.bytes);
  return headers['content-encoding'] === undefined ? body : body + requestLimits.bytes;
}

/** What Fastify says of a body that it does not read, as the collector says it; anything else as it is. */
export function asCollectorError(thrown: unknown, { headers }: FastifyRequest): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new MillraceError('MR-COL-004', { problem: 'it has more than 1 MiB' }, thrown);
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new MillraceError('MR-COL-005', { type: headers['content-type'] ?? 'a body without a type' }, thrown);
  }
  if (code.startsWith('FST_ERR_CTP')) return new MillraceError('MR-COL-001', { problem: problemOf(thrown) }, thrown);
  return thrown;
}
