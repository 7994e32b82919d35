import type {
  Comparand,
  RuleDefinition,
  Selector,
  Statement,
  TableFamily,
  TranslationStatement,
} from './definition.ts';

/** A statement in the words of nft(8), as `nft list` prints it. */
function formatStatement(statement: Statement, family: TableFamily): string {
  if ('match' in statement) return formatMatch(statement.match, statement.operator, statement.with);
  if ('counter' in statement) return 'counter';
  if ('notrack' in statement) return 'notrack';
  if ('verdict' in statement)
    return 'chain' in statement ? `${statement.verdict} ${statement.chain}` : statement.verdict;
  if ('masquerade' in statement) return 'masquerade';
  if ('translate' in statement) return formatTranslation(statement);
  if ('redirect' in statement) return `redirect to :${statement.redirect.port}`;
  if ('tproxy' in statement) return formatInterception(statement.tproxy, family);
  if ('set' in statement) return `${statement.set} set ${statement.to}`;
  if ('setMark' in statement) return `meta mark set 0x${statement.setMark.toString(16).padStart(8, '0')}`;
  if ('clampMss' in statement) return 'tcp option maxseg size set rt mtu';
  if ('reject' in statement) return `reject with ${statement.reject}`;
  return statement satisfies never;
}

/** A rule on one line, comment last. @param family of its table: what follows from it is not said again. */
export function formatRule(rule: RuleDefinition, family: TableFamily = 'inet'): string {
  const words = rule.statements.map((statement) => formatStatement(statement, family));
  if (rule.comment !== undefined) words.push(`comment "${rule.comment}"`);
  return words.join(' ');
}

function formatMatch(selectors: readonly Selector[], operator: string | undefined, comparand: Comparand): string {
  const left = selectors.join(' . ');
  return [left, ...(operator === undefined ? [] : [operator]), formatComparand(selectors, comparand)].join(' ');
}

/** Whose values are written in quotes. */
const quoted: ReadonlySet<Selector> = new Set(['iifname', 'oifname', 'meta iifkind']);

function formatComparand(selectors: readonly Selector[], comparand: Comparand): string {
  if ('set' in comparand) return `@${comparand.set}`;
  const [selector] = selectors;
  return selector !== undefined && quoted.has(selector) ? `"${comparand.value}"` : comparand.value;
}

function formatTranslation(statement: TranslationStatement): string {
  const head = `${statement.translate} ${statement.family} to`;
  if ('map' in statement) return `${head} ${statement.by.join(' . ')} map @${statement.map}`;
  if (statement.port === undefined) return `${head} ${statement.address}`;
  const host = statement.family === 'ip6' ? `[${statement.address}]` : statement.address;
  return `${head} ${host}:${statement.port}`;
}

function formatInterception(
  { address, port }: { readonly address: string; readonly port: number },
  family: TableFamily,
): string {
  const [own, host] = address.includes(':') ? (['ip6', `[${address}]`] as const) : (['ip', address] as const);
  return `tproxy ${family === own ? '' : `${own} `}to ${host}:${port}`;
}
