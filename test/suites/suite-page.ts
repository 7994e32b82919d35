import { withMarkedTable } from '../lab/marked-table.ts';
import type { Comparison } from './comparison.ts';

/** What was found for one suite, as it is kept between runs. */
export interface SuiteFinding {
  readonly name: string;
  readonly version: string;
  /** First digits of the commit. */
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  readonly whole: Comparison;
  /** The tests that are about networks alone. */
  readonly networks: Comparison;
}

/** The table that `docs/compatibility.md` has between its marks. */
export function suiteTable(findings: readonly SuiteFinding[]): string {
  const rows = findings.flatMap(({ name, version, commit, date, whole, networks }) => [
    row(`${name} ${version} (${commit}), ${date}`, whole),
    row(`of these, about networks`, networks),
  ]);
  return `| suite | tests | pass on dockerd 20.10 | of these, on Fairlead | differences | on Fairlead only |
|---|---|---|---|---|---|
${rows.join('\n')}
`;
}

function row(title: string, { tests, reference, passed, differences, more }: Comparison): string {
  const reasons = Object.entries(differences).map(([words, names]) =>
    words === '' ? names.map((name) => `**${name}**`).join(', ') : `${names.length} need ${words}`,
  );
  return `| ${[title, tests, reference, passed, reasons.join('; ') || 'none', more.length].join(' | ')} |`;
}

/** The page with another table. @throws Error when it has no marks. */
export function withTable(page: string, table: string): string {
  return withMarkedTable(page, 'npm run suites', table);
}
