import { type Family, type IpAddress, nameServerAddress } from '@fairlead/base';
import type {
  ChainDefinition,
  HookDefinition,
  RuleDefinition,
  TableDefinition,
  WritableField,
} from '@fairlead/netlink';
import { tableName } from './host-sets.ts';

/** Names of the tables of a sandbox, by the family that they are for. */
export const dnsTableNames = { 4: tableName, 6: `${tableName}6` } as const;

/** Name of the table of a sandbox for answers of both families. */
export const answersTableName: string = `${tableName}-answers`;

/** Ports on which the name service listens inside a sandbox, at the name server's address of one family. */
export interface DnsPorts {
  readonly udpPort: number;
  readonly tcpPort: number;
}

/** The same of both families. */
export interface SandboxPorts extends DnsPorts {
  /** Absent where only IPv4 is served. */
  readonly ipv6?: DnsPorts;
}

/** What the kernel can do. */
export interface DnsTableOptions {
  /** Packets can be seen where they come in by an interface (CONFIG_NETFILTER_INGRESS). */
  readonly ingress: boolean;
}

/**
 * The tables of a sandbox: port 53 of the name server's address leads to the name service, which listens on other ports so
 * that port 53 stays free for a name server of the container's own.
 *
 * Header fields are rewritten, of question and answer alike, so that the sandbox needs no connection tracking: no table of
 * flows to fill, nothing that times out. A container that tracks connections itself still sees one flow: questions are
 * rewritten before the tracker (-200) looks at them, answers after. These are where they come in again over loopback, which
 * is past the tracker, for a packet keeps on loopback what it was found to be: at the hook `output` a chain of theirs
 * would cost every packet that the container sends. Where the kernel has no such place it is there all the same.
 */
export function dnsTables(ports: SandboxPorts, options: DnsTableOptions): TableDefinition[] {
  const { ipv6 } = ports;
  return [
    // First, so that where the answers' chains of old go the new ones are there.
    ...(options.ingress ? [answersTable(ports)] : []),
    dnsTable(ports, 4, options),
    ...(ipv6 === undefined ? [] : [dnsTable(ipv6, 6, options)]),
  ];
}

function dnsTable(ports: DnsPorts, family: Family, { ingress }: DnsTableOptions): TableDefinition {
  const { udpPort, tcpPort } = ports;
  return {
    family: ipOf(family),
    name: dnsTableNames[family],
    comment: 'name service of this sandbox: made by fairlead',
    sets: [],
    chains: [
      {
        name: 'question',
        rules: [rewrite('udp dport', 53, udpPort), rewrite('tcp dport', 53, tcpPort)],
      },
      {
        name: 'questions',
        hook: output(-300),
        rules: [concerning(`${ipOf(family)} daddr`, nameServerAddress[family], 'question')],
      },
      ...(ingress ? [] : [answerChain(ports, family), answersChain([family], output(-150))]),
    ],
  };
}

function answersTable({ ipv6, ...ipv4 }: SandboxPorts): TableDefinition {
  const hook = { type: 'filter', hook: 'ingress', device: 'lo', priority: 0, policy: 'accept' } as const;
  return {
    family: 'netdev',
    name: answersTableName,
    comment: 'name service of this sandbox: made by fairlead',
    sets: [],
    chains: [
      answerChain(ipv4, 4),
      ...(ipv6 === undefined ? [] : [answerChain(ipv6, 6)]),
      answersChain(ipv6 === undefined ? [4] : [4, 6], hook),
    ],
  };
}

function answerChain({ udpPort, tcpPort }: DnsPorts, family: Family): ChainDefinition {
  return {
    name: `answer${family}`,
    rules: [rewrite('udp sport', udpPort, 53), rewrite('tcp sport', tcpPort, 53)],
  };
}

function answersChain(families: readonly Family[], hook: HookDefinition): ChainDefinition {
  return {
    name: 'answers',
    hook,
    rules: families.map((family) => concerning(`${ipOf(family)} saddr`, nameServerAddress[family], `answer${family}`)),
  };
}

function output(priority: number): HookDefinition {
  return { type: 'filter', hook: 'output', priority, policy: 'accept' };
}

function ipOf(family: Family): 'ip' | 'ip6' {
  return family === 4 ? 'ip' : 'ip6';
}

/** One look tells all other packets that they are not meant. */
function concerning(side: `${'ip' | 'ip6'} ${'saddr' | 'daddr'}`, address: IpAddress, chain: string): RuleDefinition {
  return {
    statements: [
      { match: [side], with: { value: address } },
      { verdict: 'goto', chain },
    ],
  };
}

function rewrite(field: WritableField, from: number, to: number): RuleDefinition {
  return {
    statements: [
      { match: [field], with: { value: `${from}` } },
      { set: field, to },
    ],
  };
}
