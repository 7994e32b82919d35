import { type Asker, askers, type Finding, modes, type Outcome, targets } from './isolation-matrix.ts';

/** How the page writes what came of a question. */
const words: Readonly<Record<Outcome, string>> = { yes: 'yes', masked: 'yes*', no: '-' };

/** The tables of docs/isolation.md, one for each mode. */
export function isolationTables(findings: readonly Finding[]): string {
  const byCell = Map.groupBy(findings, ({ network, target, asker }) => `${network} ${target} ${asker}`);
  return modes
    .map(({ title, words: command }, network) => {
      const rows = targets.map((target, row) => {
        const cells = askers.map((asker) => cell(byCell.get(`${network} ${row} ${asker}`)));
        return `| ${[target.title, ...cells].join(' | ')} |`;
      });
      return [
        `## ${title}`,
        '',
        `    docker network create ${[...command, 'NAME'].join(' ')}`,
        '',
        `| asked for | ${askers.join(' | ')} |`,
        `|---|${askers.map((_: Asker) => '---|').join('')}`,
        ...rows,
        '',
      ].join('\n');
    })
    .join('\n');
}

/** What is in a cell of which the page says something else. */
export function unexpected(findings: readonly Finding[], page: string): Finding[] {
  const [, ...sections] = page.split(/^## /m);
  return modes.flatMap((_, network) => {
    const [, ...rows] = (sections[network] ?? '').split('\n').filter((line) => line.startsWith('| '));
    const written = rows.map((row) => row.split('|').map((word) => word.trim()));
    const here = findings.filter((finding) => finding.network === network);
    const groups = Map.groupBy(here, ({ target, asker }) => `${target} ${asker}`);
    // A row begins with its title.
    const isWritten = (text: string) => (one: Finding) => written[one.target]?.[askers.indexOf(one.asker) + 2] === text;
    return [...groups.values()].filter((group) => !group.every(isWritten(cell(group)))).flat();
  });
}

/** One word where all agree; else the protocols or the families that differ, and what they get. */
function cell(findings: readonly Finding[] | undefined): string {
  if (findings === undefined) return '';
  const simple = agreed(findings);
  if (simple !== undefined) return words[simple];
  for (const label of [familyOf, protocolOf]) {
    const groups = [...Map.groupBy(findings, label)].map(([name, group]) => ({ name, outcome: agreed(group) }));
    if (groups.every(({ outcome }) => outcome !== undefined)) {
      return groups.map(({ name, outcome }) => `${name} ${words[outcome ?? 'no']}`).join(', ');
    }
  }
  return findings.map((finding) => `${familyOf(finding)} ${protocolOf(finding)} ${words[finding.outcome]}`).join(', ');
}

function agreed(findings: readonly Finding[]): Outcome | undefined {
  const outcomes = new Set(findings.map(({ outcome }) => outcome));
  return outcomes.size === 1 ? findings[0]?.outcome : undefined;
}

function familyOf({ family }: Finding): string {
  return `IPv${family}`;
}

function protocolOf({ protocol }: Finding): string {
  return protocol.toUpperCase();
}
