/** The constraints of a contract as parts of `create table`. */
import type { JsonValue } from '../../stores/duckdb/duckdb.ts';
import { fromPython, type Value } from '../jinja/values.ts';
import type { JsonMap } from '../manifest/types.ts';
import { isMap } from '../parse/json.ts';

const mapsOf = (value: JsonValue | undefined): readonly JsonMap[] => (Array.isArray(value) ? value.filter(isMap) : []);

const listed = (value: JsonValue | undefined): string => (Array.isArray(value) ? value.map(String).join(', ') : '');

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

/** Foreign keys cannot name another database, so that of the table is left out. */
const withoutDatabase = (relation: string): string => {
  const parts = relation.split('.');
  return parts.length > 2 ? parts.slice(1).join('.') : relation;
};

/** What a foreign key points to; undefined where it says neither. */
function referenced(constraint: JsonMap): string | undefined {
  const to = textOf(constraint.to);
  if (to && mapsOrTexts(constraint.to_columns))
    return `references ${withoutDatabase(to)} (${listed(constraint.to_columns)})`;
  return textOf(constraint.expression) ? `references ${textOf(constraint.expression)}` : undefined;
}

const mapsOrTexts = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length > 0;

function columnConstraint(constraint: JsonMap): string | undefined {
  const expression = textOf(constraint.expression);
  switch (constraint.type) {
    case 'check':
      return expression ? `check (${expression})` : undefined;
    case 'not_null':
      return `not null ${expression}`.trim();
    case 'unique':
      return `unique ${expression}`.trim();
    case 'primary_key':
      return `primary key ${expression}`.trim();
    case 'foreign_key':
      return referenced(constraint);
    default:
      return expression || undefined;
  }
}

function modelConstraint(constraint: JsonMap): string | undefined {
  const expression = textOf(constraint.expression);
  const columns = listed(constraint.columns);
  const spaced = expression ? ` ${expression}` : '';
  switch (constraint.type) {
    case 'check':
      return expression ? `check (${expression})` : undefined;
    case 'unique':
      return `unique${spaced} (${columns})`;
    case 'primary_key':
      return `primary key${spaced} (${columns})`;
    case 'foreign_key': {
      const target = referenced(constraint);
      return target && `foreign key (${columns}) ${target}`;
    }
    case 'custom':
      return expression || undefined;
    default:
      return undefined;
  }
}

/** For each column of a model its name, type and constraints. */
export function columnDefinitions(columns: Value): string[] {
  const maps = Object.values(fromPython(columns) ?? {}).filter(isMap);
  return maps.map((column) => {
    const name = column.quote ? `"${textOf(column.name)}"` : textOf(column.name);
    const constraints = mapsOf(column.constraints).flatMap((constraint) => columnConstraint(constraint) ?? []);
    return [name, textOf(column.data_type), ...constraints].join(' ');
  });
}

/** The constraints of a model as a whole. */
export function tableConstraints(constraints: Value): string[] {
  return mapsOf(fromPython(constraints)).flatMap((constraint) => {
    const rendered = modelConstraint(constraint);
    if (rendered === undefined) return [];
    return [textOf(constraint.name) ? `constraint ${textOf(constraint.name)} ${rendered}` : rendered];
  });
}
