import { type Family, type IpAddress, nameServerAddress } from '@fairlead/base';
import type { ChainDefinition, RuleDefinition, TableDefinition, WritableField } from '@fairlead/netlink';
import { tableName } from './host-sets.ts';

/** Names of the tables of a sandbox, by the family that they are for. */
export const dnsTableNames = { 4: tableName, 6: `${tableName}6` } as const;

/** Ports on which the name service listens inside a sandbox, at the name server's address of one family. */
export interface DnsPorts {
  readonly udpPort: number;
  readonly tcpPort: number;
}

/**
 * The table of a sandbox for one family: port 53 of the name server's address leads to the name service, which listens on
 * other ports so that port 53 stays free for a name server of the container's own.
 *
 * Header fields are rewritten on the way out, question and answer alike, so that the sandbox needs no connection
 * tracking: no table of flows to fill, nothing that times out. A container that tracks connections itself still sees
 * one flow: questions are rewritten before the tracker (-200) looks at them, answers after.
 */
export function dnsTable({ udpPort, tcpPort }: DnsPorts, family: Family = 4): TableDefinition {
  const ip = family === 4 ? 'ip' : 'ip6';
  const [source, destination] = [`${ip} saddr`, `${ip} daddr`] as const;
  return {
    family: ip,
    name: dnsTableNames[family],
    comment: 'name service of this sandbox: made by fairlead',
    sets: [],
    chains: [
      rewriteChain('questions', -300, [
        rewrite([destination, nameServerAddress[family]], 'udp dport', 53, udpPort),
        rewrite([destination, nameServerAddress[family]], 'tcp dport', 53, tcpPort),
      ]),
      rewriteChain('answers', -150, [
        rewrite([source, nameServerAddress[family]], 'udp sport', udpPort, 53),
        rewrite([source, nameServerAddress[family]], 'tcp sport', tcpPort, 53),
      ]),
    ],
  };
}

function rewriteChain(name: string, priority: number, rules: readonly RuleDefinition[]): ChainDefinition {
  return { name, hook: { type: 'filter', hook: 'output', priority, policy: 'accept' }, rules };
}

function rewrite(
  [side, address]: readonly [`${'ip' | 'ip6'} ${'saddr' | 'daddr'}`, IpAddress],
  field: WritableField,
  from: number,
  to: number,
): RuleDefinition {
  return {
    statements: [
      { match: [side], with: { value: address } },
      { match: [field], with: { value: `${from}` } },
      { set: field, to },
    ],
  };
}
