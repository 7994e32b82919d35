import { formatIdentityRanges, type IdentityMapping, type IdentityRange } from '@fairlead/base';
import { decodeMessages, type Message } from '../message.ts';
import { routeMessage } from '../route/message-types.ts';
import { renderAddressMessage } from './address-text.ts';
import { commandLine, enterPrefix, quote } from './command.ts';
import type { NamespaceEntry, NetfilterEntry, RouteEntry, SysctlEntry, TranscriptEntry } from './entry.ts';
import { flowWords, isFlowMessage } from './flow-text.ts';
import { renderLinkMessage } from './link-text.ts';
import { renderNeighborMessage } from './neighbor-text.ts';
import { NftTranscript } from './nft-text.ts';
import { renderQdiscMessage } from './qdisc-text.ts';
import { renderRouteMessage } from './route-text.ts';
import { renderRuleMessage } from './rule-text.ts';

/** How a message type of NETLINK_ROUTE is written as a command. */
const renderers = new Map<number, (message: Message, entry: RouteEntry) => string>([
  [routeMessage.newLink, renderLinkMessage],
  [routeMessage.setLink, renderLinkMessage],
  [routeMessage.deleteLink, renderLinkMessage],
  [routeMessage.newAddress, renderAddressMessage],
  [routeMessage.deleteAddress, renderAddressMessage],
  [routeMessage.newRoute, renderRouteMessage],
  [routeMessage.deleteRoute, renderRouteMessage],
  [routeMessage.newNeighbor, renderNeighborMessage],
  [routeMessage.deleteNeighbor, renderNeighborMessage],
  [routeMessage.newQdisc, renderQdiscMessage],
  [routeMessage.deleteQdisc, renderQdiscMessage],
  [routeMessage.newRule, renderRuleMessage],
  [routeMessage.deleteRule, renderRuleMessage],
]);

/**
 * The commands that would have done the same, one for each message, from the bytes that were sent. They can be pasted
 * into a root shell. An operation that the kernel refused is shown as a comment.
 *
 * @throws Error for a message or an attribute without a rendering: leaving it out would be a lie.
 */
export function renderTranscript(entries: readonly TranscriptEntry[]): string[] {
  return entries.flatMap((entry) => {
    const lines = renderEntry(entry);
    return entry.errno === undefined ? lines : lines.map((line) => `# failed with ${entry.errno}: ${line}`);
  });
}

function renderEntry(entry: TranscriptEntry): string[] {
  switch (entry.protocol) {
    case 'route':
      return decodeMessages(entry.bytes).map((message) => renderMessage(message, entry));
    case 'netfilter':
      return netfilterCommands(entry);
    case 'sysctl':
      return [sysctlCommand(entry)];
    case 'namespace':
      return [namespaceCommand(entry)];
    default:
      return entry satisfies never;
  }
}

function renderMessage(message: Message, entry: RouteEntry): string {
  const render = renderers.get(message.type);
  if (render === undefined) throw new Error(`${entry.operation}: message type ${message.type} has no rendering`);
  return render(message, entry);
}

function netfilterCommands(entry: NetfilterEntry): string[] {
  const messages = decodeMessages(entry.bytes);
  if (!messages.some(isFlowMessage)) return nftCommand(entry);
  const prefix = enterPrefix(entry.namespace);
  // conntrack(8) ends with status 1 when it found none, which is no failure here.
  return messages.map((message) => `${commandLine([...prefix, ...flowWords(message, entry.operation)])} || true`);
}

/** One line as an argument; several as a here-document, so that they stay one transaction. */
function nftCommand({ namespace, bytes, sets }: NetfilterEntry): string[] {
  const transcript = new NftTranscript();
  for (const { table, set } of sets) transcript.learn(table.family, table.name, set);
  const lines = transcript.render(bytes);
  const command = [...enterPrefix(namespace), 'nft'];
  if (lines.length < 2) return lines.map((line) => commandLine([...command, line]));
  return [`${commandLine([...command, '-f', '-'])} <<'NFT'`, ...lines, 'NFT'];
}

function sysctlCommand({ namespace, key, value }: SysctlEntry): string {
  return commandLine([...enterPrefix(namespace), 'sysctl', '-q', '-w', `${key}=${value}`]);
}

function namespaceCommand({ namespace, action, owner }: NamespaceEntry): string {
  if (owner !== undefined) return ownedNamespaceCommand(namespace, owner);
  return commandLine(['ip', 'netns', action === 'add' ? 'add' : 'del', namespace]);
}

/**
 * unshare(1) makes both namespaces, its shell says who it is then and waits: the maps can only be written from outside, as
 * long as a process is in there.
 */
function ownedNamespaceCommand(namespace: string, { users, groups }: IdentityMapping): string {
  const map = (ranges: readonly IdentityRange[], file: string) =>
    `printf ${quote(formatIdentityRanges(ranges).replaceAll('\n', '\\n'))} >/proc/$p/${file}`;
  const outside = [map(users, 'uid_map'), map(groups, 'gid_map'), `ip netns attach ${quote(namespace)} $p`, 'kill $p'];
  return `unshare --user --net sh -c 'echo $$; exec sleep 9' | { read p; ${outside.join('; ')}; }`;
}
