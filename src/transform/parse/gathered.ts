/** All entries of a manifest while they are gathered: the enabled by unique_id, the disabled apart. */
import { MillraceError } from '../../kernel/errors.ts';
import type {
  GraphEntry,
  ManifestExposure,
  ManifestNode,
  ManifestSource,
  ManifestUnitTest,
} from '../manifest/types.ts';
import type { Mutable } from './json.ts';
import { lineOfName } from './link.ts';
import type { Workspace } from './workspace.ts';

/** What was gathered so far. */
export class Gathered {
  readonly nodes: Record<string, Mutable<ManifestNode>> = {};
  readonly sources: Record<string, Mutable<ManifestSource>> = {};
  readonly exposures: Record<string, Mutable<ManifestExposure>> = {};
  readonly unitTests: Record<string, ManifestUnitTest> = {};
  readonly disabled: Record<string, GraphEntry[]> = {};
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Puts an entry among the others of its kind. Errors: MR-TRF-104 for a second one of its unique_id. */
  put<T extends GraphEntry>(among: Record<string, T>, entry: T): void {
    const id = entry.unique_id;
    if (!entry.config.enabled) {
      this.disabled[id] = [...(this.disabled[id] ?? []), entry];
      return;
    }
    const twin = among[id];
    if (twin) {
      const line = lineOfName(this.#workspace, entry.package_name, entry.original_file_path, entry.name);
      throw new MillraceError('MR-TRF-104', {
        path: entry.original_file_path,
        line,
        kind: entry.resource_type.replaceAll('_', ' '),
        name: entry.name,
        other: twin.original_file_path,
      });
    }
    among[id] = entry;
  }

  /** All entries, the disabled ones too. */
  all(): readonly GraphEntry[] {
    const enabled = [this.nodes, this.sources, this.exposures, this.unitTests].flatMap((one) =>
      Object.values<GraphEntry>(one),
    );
    return [...enabled, ...Object.values(this.disabled).flat()];
  }

  disabledOf(kind: string): readonly GraphEntry[] {
    return Object.values(this.disabled).flatMap((entries) => entries.filter((entry) => entry.resource_type === kind));
  }
}
