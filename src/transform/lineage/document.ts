/** lineage.json: all of the lineage of a project in one file. */
import { writeFile } from 'node:fs/promises';
import type { RelationLineage } from './lineage.ts';

/** What lineage.json holds; docs/lineage.md describes it. */
export interface LineageDocument {
  /** Grows when a reader of the former shape could no longer read the file. */
  readonly version: 1;
  readonly relations: readonly RelationLineage[];
}

/** The lineage as lineage.json has it. */
export const toDocument = (relations: readonly RelationLineage[]): LineageDocument => ({ version: 1, relations });

/** Writes lineage.json to a path. */
export const writeLineage = (path: string, relations: readonly RelationLineage[]): Promise<void> =>
  writeFile(path, `${JSON.stringify(toDocument(relations), null, 2)}\n`);
