/** The difference of two sets of rows, whatever their order, as text that people read. */

type Cells = readonly (string | null)[];

const keyOf = (row: Cells): string => JSON.stringify(row);

/** The rows of `left` that `right` does not have, as often as they are there. */
function without(left: readonly Cells[], right: readonly Cells[]): Cells[] {
  const counts = new Map<string, number>();
  for (const row of right) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return left.filter((row) => {
    const count = counts.get(keyOf(row)) ?? 0;
    counts.set(keyOf(row), count - 1);
    return count <= 0;
  });
}

const sameCells = (one: Cells, other: Cells): number => one.filter((cell, index) => cell === other[index]).length;

const shown = (cell: string | null | undefined): string => cell ?? 'NULL';

/** A row of one side beside the one of the other that it has most in common with. */
interface Change {
  readonly mark: '→' | '+++' | '---';
  readonly cells: readonly string[];
}

function changes(added: readonly Cells[], missing: readonly Cells[]): readonly Change[] {
  const rest = [...added];
  const pairs = missing.map((expected): Change => {
    const best = rest.reduce<{ index: number; same: number }>(
      (found, row, index) =>
        sameCells(row, expected) > found.same ? { index, same: sameCells(row, expected) } : found,
      { index: -1, same: 0 },
    );
    const [actual] = best.index < 0 ? [] : rest.splice(best.index, 1);
    if (!actual) return { mark: '---', cells: expected.map(shown) };
    const cells = expected.map((cell, index) =>
      cell === actual[index] ? shown(cell) : `${shown(cell)}→${shown(actual[index])}`,
    );
    return { mark: '→', cells };
  });
  return [...pairs, ...rest.map((row): Change => ({ mark: '+++', cells: row.map(shown) }))];
}

/**
 * Undefined when both have the same rows. Otherwise one line per row that differs: `→` with expected→actual in its
 * changed cells, `---` for one that is expected and missing, `+++` for one that is there and not expected.
 */
export function rowDifference(
  names: readonly string[],
  actual: readonly Cells[],
  expected: readonly Cells[],
): string | undefined {
  const lines = changes(without(actual, expected), without(expected, actual));
  if (lines.length === 0) return undefined;
  const grid = [['@@', ...names], ...lines.map(({ mark, cells }) => [mark, ...cells])];
  const widths = names.map((_, index) => Math.max(...grid.map((row) => row[index + 1]?.length ?? 0)));
  return grid
    .map(([mark = '', ...cells]) =>
      `${mark.padEnd(3)} ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')}`.trimEnd(),
    )
    .join('\n');
}
