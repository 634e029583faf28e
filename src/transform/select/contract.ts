/** What of a model's contract changed, and which of the changes break those who rely on it. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonMap, ManifestNode } from '../manifest/types.ts';

const constrained: ReadonlySet<string> = new Set(['table', 'incremental']);

const holdsConstraints = (model: ManifestNode): boolean => constrained.has(model.config.materialized);

/** A type without its size: that a text grows longer breaks nothing. */
const baseType = (type: string | null): string => (type ?? '').split('(')[0]?.trim().toLowerCase() ?? '';

/** Whether the contract is the same: never enforced, or enforced over the same columns and constraints. */
export function contractIsSame(now: ManifestNode, before: ManifestNode): boolean {
  if (!before.contract.enforced) return !now.contract.enforced;
  return now.contract.enforced && now.contract.checksum === before.contract.checksum;
}

const missingFrom = (now: readonly JsonMap[], before: readonly JsonMap[]): readonly JsonMap[] =>
  before.filter((one) => !now.some((other) => isDeepStrictEqual(one, other)));

const constraintName = (constraint: JsonMap): string => `${constraint.name ?? constraint.type}`;

function columnChanges(now: ManifestNode, before: ManifestNode): readonly string[] {
  return Object.entries(before.columns).flatMap(([key, old]) => {
    const column = now.columns[key];
    if (!column) return [`the column ${old.name} was removed`];
    const changes: string[] = [];
    if (baseType(old.data_type) !== baseType(column.data_type)) {
      changes.push(`the type of the column ${old.name} was ${old.data_type} and is ${column.data_type}`);
    }
    if (holdsConstraints(before)) {
      for (const constraint of missingFrom(column.constraints ?? [], old.constraints ?? [])) {
        changes.push(`the constraint ${constraintName(constraint)} of the column ${old.name} was removed`);
      }
    }
    return changes;
  });
}

/** The changes since an earlier manifest, of a model whose contract was enforced, that break. */
export function breakingChanges(now: ManifestNode, before: ManifestNode): readonly string[] {
  if (!before.contract.enforced) return [];
  const changes = now.contract.enforced ? [] : ['the contract is no longer enforced'];
  changes.push(...columnChanges(now, before));
  if (holdsConstraints(before)) {
    for (const constraint of missingFrom(now.constraints ?? [], before.constraints ?? [])) {
      changes.push(`the constraint ${constraintName(constraint)} was removed`);
    }
  }
  const hadConstraints =
    (before.constraints ?? []).length > 0 ||
    Object.values(before.columns).some(({ constraints }) => (constraints ?? []).length > 0);
  if (hadConstraints && holdsConstraints(before) && !holdsConstraints(now)) {
    const [was, is] = [before.config.materialized, now.config.materialized];
    changes.push(`it was a ${was} with constraints and is a ${is}`);
  }
  return changes;
}

/** What it breaks that a model is gone; nothing after its deprecation date. */
export function removalBreaks(model: ManifestNode, isDisabled: boolean, at: Date): readonly string[] {
  if (!model.contract.enforced) return [];
  if (model.deprecation_date && new Date(model.deprecation_date) < at) return [];
  return [isDisabled ? 'the model was disabled' : 'the model was deleted or renamed'];
}
