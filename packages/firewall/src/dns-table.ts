import type { ChainDefinition, RuleDefinition, TableDefinition, WritableField } from '@fairlead/netlink';
import { tableName } from './host-sets.ts';

/** Where a container asks for names. */
export const dnsAddress = '127.0.0.11';

/** Ports on which the name service listens inside a sandbox, at {@link dnsAddress}. */
export interface DnsPorts {
  readonly udpPort: number;
  readonly tcpPort: number;
}

/**
 * The table of a sandbox: port 53 of 127.0.0.11 leads to the name service, which listens on other ports so that port 53
 * stays free for a name server of the container's own.
 *
 * Header fields are rewritten on the way out, question and answer alike, so that the sandbox needs no connection
 * tracking: no table of flows to fill, nothing that times out. A container that tracks connections itself still sees
 * one flow: questions are rewritten before the tracker (-200) looks at them, answers after.
 */
export function dnsTable({ udpPort, tcpPort }: DnsPorts): TableDefinition {
  return {
    family: 'ip',
    name: tableName,
    comment: 'name service of this sandbox: made by fairlead',
    sets: [],
    chains: [
      rewriteChain('questions', -300, [
        rewrite('ip daddr', 'udp dport', 53, udpPort),
        rewrite('ip daddr', 'tcp dport', 53, tcpPort),
      ]),
      rewriteChain('answers', -150, [
        rewrite('ip saddr', 'udp sport', udpPort, 53),
        rewrite('ip saddr', 'tcp sport', tcpPort, 53),
      ]),
    ],
  };
}

function rewriteChain(name: string, priority: number, rules: readonly RuleDefinition[]): ChainDefinition {
  return { name, hook: { type: 'filter', hook: 'output', priority, policy: 'accept' }, rules };
}

function rewrite(address: 'ip saddr' | 'ip daddr', field: WritableField, from: number, to: number): RuleDefinition {
  return {
    statements: [
      { match: [address], with: { value: dnsAddress } },
      { match: [field], with: { value: `${from}` } },
      { set: field, to },
    ],
  };
}
