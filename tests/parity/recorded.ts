/** What dbt made of the conformance project, small enough to be kept: how nodes ended, and a digest of each relation. */
import { createHash } from 'node:crypto';
import type { ProjectOutcome, StepOutcome } from './conformance-run.ts';
import type { RelationContents } from './outcome.ts';

/** A relation as its kind, the count of its rows, and a digest of all that is in it. */
function digest(relation: RelationContents): string {
  const hash = createHash('md5').update(JSON.stringify(relation)).digest('hex');
  return `${relation.kind} of ${relation.rows.length} rows ${hash.slice(0, 12)}`;
}

/** Those that did not simply succeed, and how many there were. */
function notable(statuses: Readonly<Record<string, string>>): Readonly<Record<string, string | number>> {
  const kept = Object.entries(statuses).filter(([, status]) => status !== 'success' && status !== 'pass 0');
  return { nodes: Object.keys(statuses).length, ...Object.fromEntries(kept) };
}

/** The sources are not what a run made. */
const isMade = (name: string): boolean => !name.startsWith('raw.');

/** A step as it is recorded. */
export interface RecordedStep {
  /** For each command the statuses that tell of something, and the count of nodes. */
  readonly statuses: readonly Readonly<Record<string, string | number>>[];
  /** schema.identifier -> digest. */
  readonly relations: Readonly<Record<string, string>>;
}

const recordStep = ({ statuses, database }: StepOutcome): RecordedStep => ({
  statuses: statuses.map(notable),
  relations: Object.fromEntries(
    Object.entries(database)
      .filter(([name]) => isMade(name))
      .map(([name, relation]) => [name, digest(relation)]),
  ),
});

/** All steps as they are recorded. */
export const recordOutcome = ({ steps }: ProjectOutcome): readonly RecordedStep[] => steps.map(recordStep);
