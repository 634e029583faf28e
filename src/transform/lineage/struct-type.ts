/** The fields of a struct, from DuckDB's text of its type. */

/** The parts of a text at commas that stand in neither brackets nor quotes. */
function splitFields(text: string): readonly string[] {
  const fields = [''];
  let depth = 0;
  for (const [part] of text.matchAll(/"(?:[^"]|"")*"|[^"]/g)) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === ',' && depth === 0) fields.push('');
    else fields[fields.length - 1] += part;
  }
  return fields.map((field) => field.trim());
}

/** The names of a struct's fields in order; undefined for any other type. */
export function structFields(type: string): readonly string[] | undefined {
  const inner = /^STRUCT\((.*)\)$/s.exec(type)?.[1];
  if (inner === undefined) return undefined;
  return splitFields(inner).map((field) => {
    const quoted = /^"((?:[^"]|"")*)"/.exec(field)?.[1];
    return quoted === undefined ? (field.split(' ')[0] ?? '') : quoted.replaceAll('""', '"');
  });
}
