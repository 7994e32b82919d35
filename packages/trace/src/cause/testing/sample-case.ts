import { parseIpAddress } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../../model/case.ts';
import type { NamespaceFacts } from '../../model/facts.ts';
import type { Sighting } from '../../model/hops.ts';
import type { Outcome } from '../../model/outcome.ts';
import { explainCause } from '../knowledge-base.ts';

/** Addresses of the two ends. */
export const address = { web: parseIpAddress('10.9.1.2'), db: parseIpAddress('10.9.1.3') };

/** A packet of web for db, dropped in the host. */
export function sighting(change: Partial<Sighting>): Sighting {
  const header = {
    family: 4,
    source: address.web,
    destination: address.db,
    protocol: 6,
    lifetime: 64,
    sourcePort: 40_000,
    destinationPort: 80,
    marks: [1, 0],
  } as const;
  return { role: 'request', event: 'dropped', time: 1n, packetAddress: 1n, namespace: 2, header, ...change };
}

/** What a place says. */
export function facts(change: Partial<NamespaceFacts> = {}): NamespaceFacts {
  return { place: 'host', inode: 2, links: [], sysctls: {}, legacyTables: [], ...change };
}

/** A packet from web to db of which nothing more is known. */
export function caseOf(outcome: Partial<Outcome>, change: Partial<Case> = {}): Case {
  const sightings = outcome.drop === undefined ? [] : [outcome.drop];
  return {
    protocol: 'tcp',
    family: 4,
    source: { name: 'web', address: address.web, namespace: 'web', arrival: false },
    destination: { name: 'db', address: address.db, port: 80, innerPort: 80, published: false, local: false },
    observation: {
      sightings,
      passes: [],
      sourceNamespace: 1,
      destinationNamespace: 3,
      protocol: 'tcp',
      arrival: false,
      answeredWithData: false,
      notSent: false,
    },
    outcome: { verdict: 'dropped', harmless: new Set(), returned: false, ...outcome },
    facts: { source: facts({ place: 'web', inode: 1 }), last: facts(), sockets: [] },
    directory: { containers: [], networks: [] },
    placeName: (inode) => ['nowhere', 'web', 'host', 'db', 'twin'][inode] ?? '?',
    namespaceName: (inode) => [undefined, 'web', '', 'db', 'twin'][inode],
    ...change,
  };
}

/** What the knowledge base calls it. */
export function codeOf(trace: Case): string | undefined {
  return explainCause(trace).cause?.code;
}

/** Dropped by some firewall. */
export const firewallDrop = sighting({ reason: 'NETFILTER_DROP', function: 'nf_hook_slow' });

/** An interface that is up. */
export const link = (index: number, name: string): LinkDetails => ({
  index,
  name,
  up: true,
  mtu: 1500,
  operationalState: 'up',
});
