import assert from 'node:assert/strict';
import type { Host } from '@fairlead/lab';

/**
 * Everything that the tools can tell about a host and the namespaces that are pinned there, with a title before each part:
 * the namespace, and the kinds of what follows, a line for each where there are several. `ip address` has all that `ip link`
 * has, and `table all` the routes of both families.
 */
const tellAll = `
tell() {
  echo "== $1 $2"; shift 2
  "$@"
}
tellNamespace() {
  name=$1
  tell "$name" 'link route rule4' ip -j -d -batch - <<<$'address\\nroute show table all\\nrule'
  tell "$name" rule6 ip -6 -j -d rule
  tell "$name" fdb bridge -j fdb
  tell "$name" limit tc -j qdisc
  tell "$name" ruleset nft -j list ruleset
  tell "$name" sysctl grep -rs '' /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward || :
}
export -f tell tellNamespace
tellNamespace host
for name in $(ls /run/netns); do nsenter "--net=/run/netns/$name" bash -c 'tellNamespace "$1"' - "$name"; done
`;

/**
 * What differs between two machines that did the same: numbers, times, counters, who holds a table; and what a bridge keeps
 * of a port that it had.
 */
const volatile = new Set([
  ...['ifindex', 'link_index', 'link_netnsid', 'handle', 'refcnt', 'bytes', 'packets', 'gc_timer', 'hello_timer'],
  ...['tcn_timer', 'topology_change_timer', 'hold_timer', 'message_age_timer', 'forward_delay_timer', 'timer'],
  ...['tso_max_size', 'valid_life_time', 'preferred_life_time', 'multicast_startup_query_interval', 'ageing'],
  ...['metainfo', 'fdb_n_learned'],
]);

/**
 * The state of a host: a line for each thing, which says in which namespace it is and of which kind. What is learnt from
 * packets is left out.
 */
export async function kernelLines(machine: Host): Promise<string[]> {
  const [, ...parts] = (await machine.exec('bash', '-c', tellAll)).split(/^== /m);
  return parts.flatMap((part) => {
    const [title = '', ...lines] = part.trimEnd().split('\n');
    const [place = '', ...kinds] = title.split(' ');
    const texts = kinds.length === 1 ? [lines.join('\n')] : lines;
    assert.equal(texts.length, kinds.length, part);
    return kinds.flatMap((kind, at) => {
      const things = kind === 'sysctl' ? lines : thingsIn(texts[at] ?? '');
      return things.map((thing) => `${place} ${kind}: ${thing}`);
    });
  });
}

/** The rules of a chain in their order, which is part of what they mean; that of all else is of what was made first. */
export function inOrder(lines: readonly string[]): string[] {
  const placeOf = (line: string) =>
    /^.* ruleset: \{"rule":\{"family":"\w+","table":"[^"]*","chain":"[^"]*"/.exec(line)?.[0] ?? line;
  return lines
    .map((line) => [placeOf(line), line] as const)
    .sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
    .map(([, line]) => line);
}

function thingsIn(text: string): string[] {
  const state: unknown = JSON.parse(text === '' ? '[]' : text, (key, value: unknown) => {
    const isOwnership = key === 'flags' && Array.isArray(value) && value.includes('owner');
    return volatile.has(key) || isOwnership ? undefined : value;
  });
  const things = Array.isArray(state) ? state : Object.values(Object(state)).flat();
  return things.map((thing) => JSON.stringify(thing)).filter((thing) => !isLearnt(thing) && !isFormerGroup(thing));
}

/** An entry of a bridge that it has made of what it saw. */
function isLearnt(thing: string): boolean {
  return /"state":""/.test(thing);
}

/** Groups that a further bridge of a network was in before IPv6 was switched off there: it leaves them if it was in time. */
function isFormerGroup(thing: string): boolean {
  return /"mac":"33:33:[^"]*","ifname":"b\d+-/.test(thing);
}

/**
 * Without what the kernel does by itself when a link gets a carrier, some time later, and keeps when it has lost it again; and
 * without the numbers of a bridge's ports, which go by who came first.
 */
export function lasting(line: string): string[] {
  if (/"dst":"fe80:|"mac":"33:33:ff:/.test(line)) return [];
  const byItself = /,?\{[^{}]*"fe80:[^{}]*\}|,"tentative":true|"(NO-CARRIER|LOWER_UP|linkdown)",?|"operstate":"\w+",/g;
  const numbers = /"(id|no)":"0x\w+",|"designated_port":\d+,/g;
  return [
    line
      .replaceAll(byItself, '')
      .replaceAll(numbers, '')
      .replaceAll(/(?<=\[),|,(?=\])/g, ''),
  ];
}
