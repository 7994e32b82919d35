import type { ForwardingRow } from '@fairlead/map';
import type { Action, Invocation } from '../command/command.ts';
import { printListing } from '../format/listing.ts';

const headings = {
  Network: 'NETWORK',
  Bridge: 'BRIDGE',
  MAC: 'MAC',
  VLAN: 'VLAN',
  Port: 'PORT',
  Index: 'INDEX',
  Peer: 'PEER',
  Container: 'CONTAINER',
  Interface: 'INTERFACE',
  Known: 'KNOWN',
};

/** `fairlead network fdb`: who is behind which port of which bridge. */
export const forwarding: Action = async (invocation) => {
  const all = await invocation.engine.ask<readonly ForwardingRow[]>('GET', '/fairlead/forwarding');
  const rows = await chosen(invocation, all);
  printListing(invocation, {
    rows: rows.map(textsOf),
    headings,
    columns: ['Network', 'MAC', 'Port', 'Index', 'Peer', 'Container', 'Interface', 'Known'],
    identity: 'MAC',
    raw: rows,
  });
  return 0;
};

/** Those of the networks, or bridges of others, that were asked for. */
async function chosen(
  { words, engine }: Invocation,
  rows: readonly ForwardingRow[],
): Promise<readonly ForwardingRow[]> {
  if (words.length === 0) return rows;
  const wanted = new Set<string>();
  for (const word of words) {
    const isBridge = rows.some(({ network, bridge }) => word === network || word === bridge);
    wanted.add(
      isBridge ? word : (await engine.ask<{ Name: string }>('GET', `/networks/${encodeURIComponent(word)}`)).Name,
    );
  }
  return rows.filter(({ network, bridge }) => wanted.has(network) || wanted.has(bridge));
}

function textsOf({
  network,
  bridge,
  mac,
  vlan,
  port,
  index,
  peer,
  container,
  interface: inside,
  ...rest
}: ForwardingRow) {
  return {
    Network: network,
    Bridge: bridge,
    MAC: mac,
    VLAN: vlan?.toString() ?? '',
    Port: port,
    Index: `${index}`,
    Peer: peer?.toString() ?? '',
    Container: container ?? '',
    Interface: inside ?? '',
    Known: knownText(rest),
  };
}

/** `local`, or `learnt 3 s ago`. */
function knownText({ kind, age }: Pick<ForwardingRow, 'kind' | 'age'>): string {
  return age === undefined ? kind : `${kind} ${Math.round(age)} s ago`;
}
