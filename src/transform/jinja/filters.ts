/** All filters by their names. */
import { didYouMean } from '../../kernel/nearest.ts';
import { JinjaError } from './errors.ts';
import type { Filter } from './filter.ts';
import { type FilterName, filterNames } from './filter-names.ts';
import { nativeFilters } from './native.ts';
import { numberFilters } from './number-filters.ts';
import { sequenceFilters } from './sequence-filters.ts';
import { textFilters } from './text-filters.ts';

const filters: Readonly<Record<FilterName, Filter>> = {
  ...nativeFilters,
  ...numberFilters,
  ...sequenceFilters((name) => findFilter(name)),
  ...textFilters,
};

const isFilterName = (name: string): name is FilterName => Object.hasOwn(filters, name);

/** The filter of a name. Throws TemplateRuntimeError where there is none. */
export function findFilter(name: string): Filter {
  if (isFilterName(name)) return filters[name];
  throw new JinjaError('TemplateRuntimeError', `no filter named '${name}'${didYouMean(name, filterNames)}`);
}
