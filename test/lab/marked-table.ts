/**
 * A page with another table between its marks, `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
 *
 * @throws Error when it has none.
 */
export function withMarkedTable(page: string, name: string, table: string): string {
  const begin = `<!-- ${name}: begin -->\n`;
  const end = `<!-- ${name}: end -->\n`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no marks ${begin.trim()}`);
  return `${page.slice(0, from + begin.length)}\n${table}\n${page.slice(to)}`;
}
