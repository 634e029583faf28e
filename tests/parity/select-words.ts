/** The words of `list` as what selection takes, so that a list of words can be given to dbt and to it. */
import { parseArgs } from 'node:util';
import type { ResourceType } from '../../src/transform/manifest/types.ts';
import { type ListOutput, listedTypes } from '../../src/transform/select/list.ts';
import type { EarlierState } from '../../src/transform/select/methods.ts';
import type { SelectionOptions } from '../../src/transform/select/select.ts';
import type { IndirectSelection } from '../../src/transform/select/selection.ts';
import type { Selectors } from '../../src/transform/select/selectors-file.ts';

/** Words as dbt's command line takes them: those after --select and --exclude up to the next option belong to it. */
export const wordsOf = (text: string): readonly string[] => text.split(' ').filter(Boolean);

/** Words with those that belong to one option as its one value. */
export function joinValues(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    if (word.startsWith('--') || joined.at(-1)?.startsWith('--')) joined.push(word);
    else joined.push(`${joined.pop()} ${word}`);
  }
  return joined;
}

/** What `list` with these words selects by, and how it prints. */
export function readWords(text: string, selectors: Selectors, earlier: EarlierState, now: Date) {
  const { values } = parseArgs({
    args: joinValues(wordsOf(text)),
    options: {
      select: { type: 'string', multiple: true },
      exclude: { type: 'string', multiple: true },
      selector: { type: 'string' },
      'indirect-selection': { type: 'string' },
      'resource-type': { type: 'string', multiple: true },
      'exclude-resource-type': { type: 'string', multiple: true },
      output: { type: 'string' },
      'output-keys': { type: 'string' },
    },
  });
  const wanted = values['resource-type'] ?? ['default'];
  const kept = wanted.flatMap((type): readonly string[] => {
    if (type === 'default') return [...listedTypes];
    return type === 'all' ? [...listedTypes, 'analysis'] : [type];
  });
  const excluded = values['exclude-resource-type'] ?? [];
  const options: SelectionOptions = {
    select: values.select ?? [],
    exclude: values.exclude ?? [],
    ...(values.selector !== undefined && { selector: values.selector }),
    selectors,
    indirect: (values['indirect-selection'] ?? 'eager') as IndirectSelection,
    resourceTypes: new Set(kept.filter((type) => !excluded.includes(type)) as ResourceType[]),
    keepsEmpty: true,
    earlier,
    now,
  };
  const keys = values['output-keys']?.split(' ') ?? [];
  return { options, output: (values.output ?? 'selector') as ListOutput, keys };
}
