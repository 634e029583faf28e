/** Which nodes YAML describes, and the tests that it declares on them. */
import { MillraceError } from '../../kernel/errors.ts';
import type { ManifestNode } from '../manifest/types.ts';
import { columnArgument, type TestTarget, type WrittenTest } from './generic-tests.ts';
import { asMap, textList, unique } from './json.ts';
import { type Draft, type DraftKind, isEnabledByFile } from './nodes.ts';
import { type Patch, patchOf, testsAt, versionsOf, type WrittenColumn, writtenColumns } from './patches.ts';
import type { PropertyEntry } from './properties.ts';
import { packageOf, type Workspace } from './workspace.ts';

/** What YAML lays over a draft, and the tests that it declares on it. */
export interface Laid {
  readonly patch: Patch;
  readonly columns: readonly WrittenColumn[];
  readonly tests: ReturnType<typeof testsAt>;
}

const kindOfList: Readonly<Record<string, DraftKind>> = {
  models: 'model',
  seeds: 'seed',
  snapshots: 'snapshot',
  analyses: 'analysis',
  data_tests: 'test',
};

/** Finds the drafts that YAML describes. */
export class Patches {
  readonly #workspace: Workspace;
  readonly #drafts = new Map<string, Draft[]>();
  readonly laid = new Map<Draft, Laid>();

  constructor(workspace: Workspace, drafts: readonly Draft[]) {
    this.#workspace = workspace;
    for (const draft of drafts) {
      const key = `${draft.kind} ${draft.name}`;
      this.#drafts.set(key, [...(this.#drafts.get(key) ?? []), draft]);
    }
  }

  /** The drafts of a name: those of the package before others, the enabled before the disabled. */
  #find(kind: DraftKind, name: string, packageName: string): readonly Draft[] {
    const all = this.#drafts.get(`${kind} ${name}`) ?? [];
    const own = all.filter((draft) => draft.project.name === packageName);
    const candidates = own.length > 0 ? own : all;
    const enabled = candidates.filter((draft) => isEnabledByFile(this.#workspace, draft));
    return enabled.length > 0 ? enabled : candidates;
  }

  #lay(draft: Draft, laid: Laid): void {
    const before = this.laid.get(draft);
    if (before) {
      const { file, at } = laid.patch.entry.place;
      const other = before.patch.entry;
      throw new MillraceError('MR-TRF-126', {
        path: file.path,
        line: file.line(at),
        name: `the ${draft.kind} ${draft.name}`,
        other: `${other.originalPath}:${other.place.file.line(other.place.at)}`,
      });
    }
    this.laid.set(draft, laid);
  }

  #warnOfNothing(entry: PropertyEntry, name: string): void {
    const { file, at } = entry.place;
    const elsewhere = Object.entries(kindOfList).find(
      ([, kind]) => this.#find(kind, name, entry.packageName).length > 0,
    );
    const hint = elsewhere
      ? `it is a ${elsewhere[1]}; describe it under ${elsewhere[0]}`
      : 'there is no file of that name';
    this.#workspace.warn(`${file.path}:${file.line(at)}: ${entry.kind} describes ${name}, but ${hint}`);
  }

  /** Lays an entry of YAML over the node, or the versions of the model, that it describes. Errors: MR-TRF-126. */
  add(entry: PropertyEntry): void {
    const kind = kindOfList[entry.kind];
    if (kind === undefined) return;
    const versions = kind === 'model' ? versionsOf(entry) : [];
    for (const { v, files, patch, columns, tests } of versions) {
      const found = files.map((file) => this.#find(kind, file, entry.packageName)).find((drafts) => drafts.length > 0);
      if (!found) this.#warnOfNothing(entry, `${entry.name} (version ${v}, file ${files[0]}.sql)`);
      for (const draft of found ?? []) this.#lay(draft, { patch, columns, tests });
    }
    if (versions.length > 0) return;
    const found = this.#find(kind, entry.name, entry.packageName);
    if (found.length === 0) this.#warnOfNothing(entry, entry.name);
    const laid: Laid = {
      patch: patchOf(entry),
      columns: writtenColumns(entry.value, entry.place),
      tests: kind === 'analysis' || kind === 'test' ? [] : testsAt(entry.value, entry.place),
    };
    for (const draft of found) this.#lay(draft, laid);
  }
}

/** The tests that YAML declares on a node: those of its columns first. */
export function testsOfNode(workspace: Workspace, node: ManifestNode, laid: Laid): readonly WrittenTest[] {
  const { entry } = laid.patch;
  const target: TestTarget = {
    project: packageOf(workspace, entry.packageName),
    name: node.name,
    reference: { ref: { name: node.name, package: null, version: node.version ?? null } },
    yamlKey: entry.kind,
    originalPath: entry.originalPath,
    tags: [],
  };
  const quotes = entry.value.quote_columns === true;
  const ofColumns = laid.columns.flatMap((column) =>
    testsAt(column.value, column.place).map((test) => ({
      ...test,
      target,
      columnName: columnArgument(column.value, quotes),
      columnTags: unique([...textList(column.value.tags), ...textList(asMap(column.value.config).tags)]),
    })),
  );
  return [...ofColumns, ...laid.tests.map((test) => ({ ...test, target, columnName: null, columnTags: [] }))];
}
