import type { Invocation } from '../command/command.ts';
import { compileHeadings, compileTemplate } from './template.ts';
import { textTable } from './text-table.ts';

/** One row of a listing: texts by the names that `--format` knows. */
export type Row = Readonly<Record<string, string>>;

/** Labels as the engine says them. */
export type Labels = Readonly<Record<string, string>> | null;

/** How things are listed. */
export interface Listing {
  readonly rows: readonly Row[];
  /** Labels of each row, where things have labels: `{{.Label "key"}}` asks for one. */
  readonly labels?: readonly Labels[];
  /** Headings by the names of `--format`, of everything that can be shown. */
  readonly headings: Readonly<Record<string, string>>;
  /** What is shown when nothing is asked for. */
  readonly columns: readonly string[];
  /** What `--quiet` shows. */
  readonly identity: string;
  /** What the engine said, for `--json`. */
  readonly raw: unknown;
}

/** Print a listing in the way that `--format`, `--json` or `--quiet` ask for, else as a table. */
export function printListing({ options, print }: Pick<Invocation, 'options' | 'print'>, listing: Listing): void {
  const format = options.text('format') || 'table';
  if (options.flag('json')) return print(JSON.stringify(listing.raw, null, 2));
  if (options.flag('quiet')) return listing.rows.forEach((row) => print(row[listing.identity] ?? ''));
  if (format === 'json') return listing.rows.forEach((row) => print(JSON.stringify(row)));
  if (format === 'table') return printTable(listing, listing.columns, print);
  if (format.startsWith('table ')) return printTemplateTable(listing, format.slice('table '.length), print);
  const render = compileTemplate(format);
  for (const row of withLabels(listing)) print(render(row));
}

/** Rows with what templates may ask them. */
function withLabels({ rows, labels }: Listing): object[] {
  if (labels === undefined) return [...rows];
  return rows.map((row, index) => asking(row, (key) => labels[index]?.[key] ?? ''));
}

/** The method is not one of the values: it is neither in JSON nor among what a template prints as a whole. */
function asking(row: Row, label: (key: string) => string): object {
  return Object.defineProperty({ ...row }, 'Label', { value: label });
}

/** What stands over `{{.Label "com.example.cost-center"}}`, as docker has it. */
function labelHeading(key: string): string {
  return (key.split('.').at(-1) ?? '').replaceAll(/[-_]/g, ' ');
}

/** Labels as one text, which is what `{{.Labels}}` shows. */
export function labelsText(labels: Labels): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function printTable({ rows, headings }: Listing, columns: readonly string[], print: (line: string) => void): void {
  const cells = rows.map((row) => columns.map((column) => row[column] ?? ''));
  textTable([columns.map((column) => headings[column] ?? ''), ...cells]).forEach(print);
}

/** The headings are what the template makes of them. */
function printTemplateTable(listing: Listing, template: string, print: (line: string) => void): void {
  const render = compileTemplate(template);
  const head = compileHeadings(template)(asking(listing.headings, labelHeading));
  textTable([head, ...withLabels(listing).map(render)].map((line) => line.split('\t'))).forEach(print);
}

/** Print values in the way that a command for single things does: each by a template, or all as JSON, in four spaces or none. */
export function printValues(
  values: readonly unknown[],
  format: string | undefined,
  print: (line: string) => void,
): void {
  if (format === undefined) return print(JSON.stringify(values, null, 4));
  if (format === 'json') return print(JSON.stringify(values));
  const render = compileTemplate(format);
  for (const value of values) print(render(value));
}

/** Docker's `filters` query from `--filter key=value` options; `undefined` when there are none. */
export function filterText(filters: readonly string[]): string | undefined {
  if (filters.length === 0) return undefined;
  const byKey = Object.groupBy(filters, (filter) => filter.split('=', 1)[0] ?? '');
  const entries = Object.entries(byKey).map(([key, texts = []]) => [
    key,
    texts.map((text) => text.slice(key.length + 1)),
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Text cut to a width, with docker's ellipsis. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
