/** The nodes of a project's files before their YAML is known: templates, snapshots, seeds and hooks; and its docs blocks. */
import { MillraceError } from '../../kernel/errors.ts';
import type { ManifestDoc } from '../manifest/types.ts';
import { allFolders, nameOfFile, type ProjectDefinition } from './definition.ts';
import { checksumOf, findFiles, readText, seedChecksum, stripped, strippedEnd } from './files.ts';
import { textOr } from './json.ts';
import { type Draft, draftSeed, draftTemplate, fqnOf, parsedNodeOf } from './nodes.ts';
import { type PropertyEntry, readProperties } from './properties.ts';
import { referenceOf, templateUse } from './template-use.ts';
import { packageOf, readTemplate, type Workspace, yamlRenderer } from './workspace.ts';
import { cachedYaml, mistake } from './yaml.ts';

/** Kinds of files that are one template each, and the folders of them. */
const templateFolders = [
  ['model', (project: ProjectDefinition) => project.modelPaths],
  ['analysis', (project: ProjectDefinition) => project.analysisPaths],
  ['test', (project: ProjectDefinition) => project.testPaths],
] as const;

async function draftTemplates(workspace: Workspace, project: ProjectDefinition): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  for (const [kind, folders] of templateFolders) {
    const files = findFiles(project.root, folders(project), kind === 'model' ? ['.sql', '.py'] : ['.sql']);
    for (const file of files) {
      if (kind === 'test' && /^(?:generic|fixtures)\//.test(file.path)) continue;
      if (file.path.endsWith('.py')) throw new MillraceError('MR-TRF-119', { path: file.originalPath });
      const text = readText(project.root, file.originalPath);
      const open = () => readTemplate(text, file.originalPath);
      const name = nameOfFile(file.path);
      drafts.push(await draftTemplate(workspace, project, kind, name, file, stripped(text), checksumOf(text), open));
    }
  }
  return drafts;
}

async function draftSnapshots(workspace: Workspace, project: ProjectDefinition): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  for (const file of findFiles(project.root, project.snapshotPaths, ['.sql'])) {
    const text = readText(project.root, file.originalPath);
    for (const block of readTemplate(text, file.originalPath).blocks) {
      if (block.kind !== 'snapshot') continue;
      drafts.push(
        await draftTemplate(
          workspace,
          project,
          'snapshot',
          block.name,
          file,
          block.contents,
          checksumOf(text),
          () => block,
        ),
      );
    }
  }
  return drafts;
}

/** Snapshots that YAML alone declares: all rows of a relation. */
export function draftYamlSnapshots(workspace: Workspace, entries: readonly PropertyEntry[]): readonly Draft[] {
  return entries.flatMap((entry) => {
    const relation = textOr(entry.value.relation, null);
    if (entry.kind !== 'snapshots' || relation === null) return [];
    const reference = referenceOf(relation);
    if (!reference) throw mistake(entry.place, 'the relation of a snapshot is ref(...) or source(...)', 'relation');
    const project = packageOf(workspace, entry.packageName);
    const folders = entry.path.split('/').slice(0, -1);
    return {
      kind: 'snapshot',
      name: entry.name,
      project,
      path: `${entry.path}/${entry.name}.sql`,
      originalPath: entry.originalPath,
      fqn: [project.name, ...folders, entry.name],
      rawCode: `select * from {{ ${relation} }}`,
      checksum: checksumOf(readText(project.root, entry.originalPath)),
      use: {
        refs: 'ref' in reference ? [reference.ref] : [],
        sources: 'source' in reference ? [[...reference.source]] : [],
        metrics: [],
        macros: [],
        configs: {},
        unknownCalls: [],
      },
    };
  });
}

const draftSeeds = (project: ProjectDefinition): readonly Draft[] =>
  findFiles(project.root, project.seedPaths, ['.csv']).map((file) =>
    draftSeed(project, file, seedChecksum(project.root, file.originalPath)),
  );

/** The project's hooks around a run, as nodes. */
async function draftHooks(workspace: Workspace, project: ProjectDefinition): Promise<readonly Draft[]> {
  const drafts: Draft[] = [];
  const checksum = checksumOf(readText(project.root, 'dbt_project.yml'));
  const kinds = [
    ['on-run-start', project.onRunStart],
    ['on-run-end', project.onRunEnd],
  ] as const;
  for (const [kind, hooks] of kinds) {
    for (const [index, hook] of hooks.entries()) {
      const name = `${project.name}-${kind}-${index}`;
      const path = `hooks/${name}.sql`;
      const originalPath = './dbt_project.yml';
      const fqn = fqnOf(project, 'operation', path, name);
      const node = parsedNodeOf(workspace, project, 'operation', name, fqn, originalPath, hook);
      const use = await templateUse(
        workspace,
        hook,
        () => readTemplate(hook, 'dbt_project.yml'),
        node,
        'dbt_project.yml',
      );
      drafts.push({
        kind: 'operation',
        name,
        project,
        path,
        originalPath,
        fqn,
        rawCode: hook,
        checksum,
        use,
        tags: [kind],
        index,
      });
    }
  }
  return drafts;
}

/** All drafts of a project's files. Errors: MR-TRF-110, 111 and 119. */
export async function draftFiles(workspace: Workspace, project: ProjectDefinition): Promise<readonly Draft[]> {
  return [
    ...(await draftTemplates(workspace, project)),
    ...(await draftSnapshots(workspace, project)),
    ...draftSeeds(project),
    ...(await draftHooks(workspace, project)),
  ];
}

/** The docs blocks of a project. Errors: MR-TRF-110. */
export async function readDocs(project: ProjectDefinition): Promise<readonly ManifestDoc[]> {
  const docs: ManifestDoc[] = [];
  for (const file of findFiles(project.root, project.docsPaths, ['.md'])) {
    const text = readText(project.root, file.originalPath);
    if (!text.includes('{%')) continue;
    for (const block of readTemplate(text, file.originalPath).blocks) {
      if (block.kind !== 'docs') continue;
      docs.push({
        name: block.name,
        resource_type: 'doc',
        package_name: project.name,
        path: file.path,
        original_file_path: file.originalPath,
        unique_id: `doc.${project.name}.${block.name}`,
        block_contents: stripped(await block.render({ lookup: () => undefined })),
      });
    }
  }
  return docs;
}

/** The entries of a project's property files. Errors: MR-TRF-101, 102. */
export async function readEntries(workspace: Workspace, project: ProjectDefinition): Promise<readonly PropertyEntry[]> {
  const entries: PropertyEntry[] = [];
  for (const file of findFiles(project.root, allFolders(project), ['.yml', '.yaml'])) {
    const yaml = cachedYaml(workspace.cache, file.originalPath, strippedEnd(readText(project.root, file.originalPath)));
    const render = yamlRenderer(workspace.host, project.name, file.originalPath);
    const of = { packageName: project.name, path: file.path, originalPath: file.originalPath };
    entries.push(...(await readProperties(yaml, of, render, workspace.warn)));
  }
  return entries;
}
