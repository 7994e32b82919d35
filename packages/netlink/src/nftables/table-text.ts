import type {
  ChainDefinition,
  HookDefinition,
  HookName,
  SetDefinition,
  TableDefinition,
  TableFamily,
} from './definition.ts';
import { formatRule } from './statement-text.ts';
import { typeofSelectors } from './typeof-userdata.ts';

/**
 * The table as `nft --stateless list table` prints it, without elements; `nft -f` loads it.
 *
 * A protected table shows its flags. Loaded through `nft -f` it would end with that nft, its owner: take the flags out
 * (`{ ...definition, protected: false }`) for that.
 */
export function formatTable(table: TableDefinition): string {
  const blocks = [...table.sets.map(formatSet), ...table.chains.map((chain) => formatChain(chain, table.family))];
  const head = [
    `table ${table.family} ${table.name} {`,
    ...(table.protected === true ? ['\tflags owner,persist'] : []),
    ...(table.comment === undefined ? [] : [`\tcomment "${table.comment}"`]),
  ];
  return `${head.join('\n')}\n${blocks.join('\n')}}\n`;
}

/** What stands between the braces of a set or map, without elements. */
export function formatSetBody(set: SetDefinition): string[] {
  return [
    typeText(set),
    ...(set.interval === true ? ['flags interval'] : []),
    ...(set.comment === undefined ? [] : [`comment "${set.comment}"`]),
  ];
}

function typeText(set: SetDefinition): string {
  const { key, value } = set;
  const source = typeofSelectors(set);
  if (source !== undefined)
    return `typeof ${[source.key, ...(source.value ? [source.value] : [])].map((part) => part.join(' . ')).join(' : ')}`;
  const type = `type ${key.join(' . ')}`;
  return value === undefined ? type : `${type} : ${value.join(' . ')}`;
}

/** `type nat hook prerouting priority dstnat; policy accept;`. */
export function formatHook({ type, hook, device, priority, policy }: HookDefinition): string {
  const place = device === undefined ? hook : `${hook} device "${device}"`;
  return `type ${type} hook ${place} priority ${priorityText(hook, priority)}; policy ${policy};`;
}

function formatSet(set: SetDefinition): string {
  return block(`${set.value === undefined ? 'set' : 'map'} ${set.name}`, formatSetBody(set));
}

function formatChain(chain: ChainDefinition, family: TableFamily): string {
  return block(`chain ${chain.name}`, [
    ...(chain.comment === undefined ? [] : [`comment "${chain.comment}"`]),
    ...(chain.hook === undefined ? [] : [formatHook(chain.hook)]),
    ...chain.rules.map((rule) => formatRule(rule, family)),
  ]);
}

function block(head: string, lines: readonly string[]): string {
  return [`\t${head} {`, ...lines.map((line) => `\t\t${line}`), '\t}', ''].join('\n');
}

/**
 * Priorities that have a name outside of bridges; the address translation ones only where nft 1.0.6 accepts it (nftables,
 * src/rule.c).
 */
const priorityNames: Readonly<Record<number, { readonly name: string; readonly hook?: HookName }>> = {
  [-300]: { name: 'raw' },
  [-150]: { name: 'mangle' },
  [-100]: { name: 'dstnat', hook: 'prerouting' },
  0: { name: 'filter' },
  50: { name: 'security' },
  100: { name: 'srcnat', hook: 'postrouting' },
};

function priorityText(hook: HookName, priority: number): string {
  const known = priorityNames[priority];
  return known === undefined || (known.hook ?? hook) !== hook ? `${priority}` : known.name;
}
