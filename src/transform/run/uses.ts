/** Exposures and saved queries in a build: there is nothing to do for them, but whether it could be done is told. */
import type { Manifest } from '../manifest/types.ts';
import { skippedResult } from './node-result.ts';
import { isBroken, type NodeResult } from './results.ts';

/** Results of the selected exposures and saved queries: skipped where something that they read failed, else no-op. */
export function usesOf(
  manifest: Manifest,
  selected: Iterable<string>,
  results: readonly NodeResult[],
): readonly NodeResult[] {
  const byId = new Map(results.map((result) => [result.unique_id, result]));
  const obstacleOf = (id: string): string | undefined => {
    for (const parent of manifest.parent_map[id] ?? []) {
      const result = byId.get(parent);
      const obstacle = result ? (isBroken(result.status) ? result.name : undefined) : obstacleOf(parent);
      if (obstacle !== undefined) return obstacle;
    }
    return undefined;
  };
  return [...selected].flatMap((id): readonly NodeResult[] => {
    const entry = manifest.exposures[id] ?? manifest.saved_queries[id];
    if (!entry) return [];
    const obstacle = obstacleOf(id);
    const skipped = skippedResult(entry, entry.resource_type, `${obstacle} failed or was skipped`);
    return [obstacle === undefined ? { ...skipped, status: 'no-op', message: 'NO-OP' } : skipped];
  });
}
