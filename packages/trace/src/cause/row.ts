import { hostText, type IpAddress, type PortRange } from '@fairlead/base';
import type { Case } from '../model/case.ts';
import type { Publication } from '../model/directory.ts';
import type { NamespaceFacts } from '../model/facts.ts';
import type { Fix, RuleStep, Verdict } from '../model/report.ts';

/** What a row of the knowledge base says about a case that it fits. */
export interface Explanation {
  readonly text: string;
  /** What was seen that shows it. */
  readonly evidence: readonly string[];
  readonly fixes?: readonly Fix[];
  /** Where the cause tells more than the packet did. */
  readonly verdict?: Verdict;
  /** The neighbour that does not answer. */
  readonly neighbor?: IpAddress;
}

/** A cause that is known. */
export interface CauseRow {
  /** Stable name. */
  readonly code: string;
  /** `undefined` when it is not this. */
  readonly explain: (trace: Case) => Explanation | undefined;
}

/** `kernel: NETFILTER_DROP in nft_do_chain (host, eth0)`. */
export function dropEvidence({ outcome: { drop }, placeName }: Case): string {
  if (drop === undefined) return 'kernel: no drop was seen';
  const where = [placeName(drop.namespace), ...(drop.device ? [drop.device.name] : [])].join(', ');
  return `kernel: ${drop.reason ?? 'dropped'}${drop.function === undefined ? '' : ` in ${drop.function}`} (${where})`;
}

/** `IPv4` or `IPv6`. */
export function familyText({ family }: Case): string {
  return family === 4 ? 'IPv4' : 'IPv6';
}

/** A command as it is to be run where the namespace is. */
export function commandIn(namespace: string | undefined, command: string): string {
  return namespace === undefined || namespace === '' ? command : `nsenter --net=/run/netns/${namespace} ${command}`;
}

/** Set a sysctl, and back. */
export function sysctlFix(
  change: { readonly namespace: string; readonly key: string; readonly value: string; readonly previous: string },
  words: { readonly text: string; readonly scope?: string },
): Fix {
  const { namespace, key, value, previous } = change;
  const object = (setting: string) => ({ kind: 'sysctl', namespace, key, value: setting }) as const;
  return {
    ...words,
    commands: [commandIn(namespace, `sysctl -w ${key}=${value}`)],
    undo: [commandIn(namespace, `sysctl -w ${key}=${previous}`)],
    action: {
      kind: 'changes',
      changes: [{ action: 'change', object: object(value), previous: object(previous) }],
    },
  };
}

/** A publication as `docker run -p` takes it: `127.0.0.1:8080-8089:80-89/udp`. @param host '' for every address. */
export function publicationText(
  { protocol, hostAddress, hostPorts, containerPorts }: Publication,
  host = `${hostText(hostAddress)}:`,
): string {
  const range = ({ first, last }: PortRange) => (first === last ? `${first}` : `${first}-${last}`);
  return `${host}${range(hostPorts)}:${range(containerPorts)}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** Change the published ports of a container while it runs; the list replaces what was published. */
export function publishCommand(container: string, ports: readonly string[]): string {
  const body = JSON.stringify({ ports });
  const address = `http://localhost/fairlead/containers/${container}/ports`;
  return `curl --unix-socket /run/fairlead/docker.sock -H 'Content-Type: application/json' -d '${body}' ${address}`;
}

/** `table ip filter, chain FORWARD: policy drop`. */
export function ruleText(rule: RuleStep): string {
  const number = rule.handle === undefined ? '' : ` #${rule.handle}`;
  return `table ${rule.family} ${rule.table}, chain ${rule.chain}${number}: ${rule.text}`;
}

/** Take a rule of others away, and put it back: whole, where its text can be typed, or with its table as it was. */
export function removalFix(rule: RuleStep, scope: string, namespace?: string): Fix {
  const { family, table, chain, handle, text, owner } = rule;
  const place = `${family} ${table} ${chain}`;
  const removal = `nft delete rule ${place} handle ${handle}`;
  const inside = (commands: readonly string[]) => commands.map((each) => commandIn(namespace, each));
  const common = { text: 'Take the rule away', scope };
  if (!/[[…]|\bxt (match|target)\b/.test(text))
    return { ...common, commands: inside([removal]), undo: inside([`nft add rule ${place} ${text}`]) };
  if (owner === 'iptables') {
    const program = family === 'ip6' ? 'ip6tables-nft' : 'iptables-nft';
    const file = `${table}-${family}.rules`;
    return {
      ...common,
      commands: inside([`${program}-save -t ${table} >${file}`, removal]),
      undo: inside([`${program}-restore <${file}`]),
    };
  }
  const file = `${table}-${family}.nft`;
  return {
    ...common,
    commands: inside([`nft list table ${family} ${table} >${file}`, removal]),
    undo: inside([`nft delete table ${family} ${table}`, `nft -f ${file}`]),
  };
}

/** What the kernel and its rules say of a packet that a rule stopped. */
export function ruleEvidence(trace: Case, rule: RuleStep): string[] {
  return [dropEvidence(trace), `nft trace: ${ruleText(rule)}`];
}

/** A rule of our own that has this in its comment or text. */
export function ownRule({ outcome: { rule } }: Case, pattern: RegExp): RuleStep | undefined {
  return rule?.owner === 'fairlead' && pattern.test(rule.text) ? rule : undefined;
}

/** All ports from which a program could send are taken. */
export function portsExhausted(
  name: string,
  namespace: string | undefined,
): { readonly code: string; readonly text: string } {
  const command = commandIn(namespace, 'sysctl net.ipv4.ip_local_port_range');
  return {
    code: 'ports-exhausted',
    text: `${name} has no port left to send from: all those of its range (${command}) are taken.`,
  };
}

/** What the kernel says about the way from where it was last seen. */
export function onwardText({ onward, place }: NamespaceFacts): string {
  if (onward === undefined) return `${place}: no route was asked for`;
  if (onward.errno !== undefined) return `route lookup in ${place}: ${onward.errno}`;
  const { type, gateway, destination } = onward.route;
  return `route lookup in ${place}: ${type} ${destination}${gateway === undefined ? '' : ` via ${gateway}`}`;
}
