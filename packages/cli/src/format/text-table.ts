/** The smallest width of a column, and the space between two, as the docker command has them. */
const minimumWidth = 10;
const gap = 3;

/**
 * Lines of a table whose columns are aligned as docker aligns them; the last column is not padded.
 *
 * @param narrowest width of a column whose cells are shorter.
 */
export function textTable(rows: readonly (readonly string[])[], narrowest = minimumWidth): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(narrowest, ...rows.map((row) => (row[column] ?? '').length + gap)),
  );
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join(''),
  );
}
