import type { ContainerPlace, NetworkPlace } from '../model/directory.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState } from './host-state.ts';

/** Others who use addresses of containers: machines of a LAN, and who is plugged into a network's bridge. */
export function contestFindings(state: Pick<HostState, 'directory' | 'inside' | 'links' | 'rivalries'>): Finding[] {
  const { containers, networks } = state.directory;
  return [
    ...networks.flatMap((network) => clashFindings(state, network)),
    ...containers.flatMap(lanFindings),
    ...rivalryFindings(state),
  ];
}

/** Questions for one address that several have answered: proof that it is used twice, whoever knows of it. */
function rivalryFindings(state: Pick<HostState, 'directory' | 'inside' | 'links' | 'rivalries'>): Finding[] {
  const byTarget = Map.groupBy(state.rivalries, ({ network, target }) => `${network} ${target}`);
  return [...byTarget.values()].flatMap((rivalries): Finding[] => {
    const [first] = rivalries;
    if (first === undefined) return [];
    const { target, owner, network } = first;
    const whose = owner === 'host' ? `the gateway of ${network}` : `the address of ${owner}`;
    const names = first.macs.map((mac) => claimantName(state, mac));
    // One who answers on several of his interfaces is one.
    if (new Set(names).size === 1 && names[0] !== undefined) return [];
    const claimants = first.macs.map((mac, index) => `${names[index] ?? 'somebody unknown'} (${mac})`);
    const text = `Find who is not ${owner === 'host' ? 'the host' : owner} (fairlead network fdb ${network}), and take the address from it`;
    return [
      {
        code: 'address-contested',
        severity: 'error',
        text: `${target}, ${whose}, is claimed by ${claimants.join(' and ')}: packets for it reach now the one and now the other.`,
        evidence: rivalries.map(
          ({ asker, device, macs }) => `${asker} asked by ${device} who has ${target}: ${macs.join(', ')}`,
        ),
        affects: [...new Set(rivalries.map(({ asker }) => asker))],
        fixes: [{ text, commands: [], undo: [] }],
      },
    ];
  });
}

/** `undefined` for one whom this engine does not know. */
function claimantName({ inside, links }: Pick<HostState, 'inside' | 'links'>, mac: string): string | undefined {
  if (links.some((link) => link.mac === mac)) return 'the host';
  return inside.find((each) => each.links.some((link) => link.mac === mac))?.container;
}

function clashFindings(
  state: Pick<HostState, 'directory'>,
  { name, clashes, interface: device }: NetworkPlace,
): Finding[] {
  if (clashes === undefined) return [];
  const text = `Find who it is (fairlead network fdb ${name}) and give one of both another address: a container that is started anew gets one that nobody uses`;
  return [
    {
      code: 'address-contested',
      severity: 'warning',
      text: `${clashes.join('. ')}.`,
      evidence: [`network ${name}: ${device}`],
      affects: containersOn(state, name),
      fixes: [{ text, commands: [], undo: [] }],
    },
  ];
}

function lanFindings({ name, attachments }: ContainerPlace): Finding[] {
  return attachments.flatMap(({ network, interface: inside, contests = [] }) =>
    contests.length === 0 ? [] : finding(name, contests, `heard on ${inside} of ${name}, network ${network}`),
  );
}

function finding(container: string, contests: readonly string[], evidence: string): Finding {
  const text = 'Find the machine by its hardware address and give it another address, or keep this one out of the pool';
  return {
    code: 'address-contested',
    severity: 'warning',
    text: contests.join(' '),
    evidence: [evidence],
    affects: [container],
    fixes: [{ text, commands: [], undo: [] }],
  };
}

/** Another engine that gives out addresses of a network of ours, and takes its bridge for its own. */
export function sharingFindings(state: Pick<HostState, 'directory'>): Finding[] {
  return state.directory.networks.flatMap(({ name, sharing, interface: device }): Finding[] => {
    if (sharing === undefined) return [];
    return [
      {
        code: 'bridge-shared',
        severity: 'warning',
        text: `${sharing}.`,
        evidence: [`dockerd runs in this host's network`, `network ${name}: ${device}`],
        affects: containersOn(state, name),
        fixes: [
          {
            text: 'Give dockerd a bridge of its own: make one, name it in its daemon.json, and start it again',
            commands: ['ip link add docker1 type bridge', 'editor /etc/docker/daemon.json', 'systemctl restart docker'],
            undo: ['ip link del docker1'],
          },
        ],
      },
    ];
  });
}
