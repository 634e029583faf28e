/** What the passes over a project ask of JSON values. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import type { JsonMap } from '../manifest/types.ts';

/** The same shape while it is being built. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A mapping that is being built. */
export type OpenMap = Record<string, JsonValue>;

/** Whether a value is a mapping. */
export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A mapping, or an empty one for anything else. */
export const asMap = (value: JsonValue | undefined): JsonMap => (isMap(value) ? value : {});

/** A list, or an empty one for anything else. */
export const asList = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** The text or the texts that a value is; null has none. */
export const textList = (value: JsonValue | undefined): readonly string[] =>
  value === undefined || value === null ? [] : (Array.isArray(value) ? value : [value]).map(String);

/** A list as it is, anything else as a list of one. */
export const listed = (value: JsonValue): readonly JsonValue[] => (Array.isArray(value) ? value : [value]);

/** The values without those that come a second time. */
export const unique = <T>(values: Iterable<T>): T[] => [...new Set(values)];

/** A text, or `fallback` for anything else. */
export const textOr = <T>(value: JsonValue | undefined, fallback: T): string | T =>
  typeof value === 'string' ? value : fallback;
