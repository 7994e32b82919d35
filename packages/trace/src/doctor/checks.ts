import { prefixesOverlap, prefixFamily, prefixLength } from '@fairlead/base';
import { sysctlFix } from '../cause/row.ts';
import { type NetworkPlace, ownerOf } from '../model/directory.ts';
import { ruleOwner } from '../model/rule-owner.ts';
import type { CheckResult, Finding } from './finding.ts';
import { containersOn, type HostState } from './host-state.ts';
import { interfaceFindings } from './interface-check.ts';
import { proofFindings } from './proof-check.ts';

/** One thing that the doctor looks at. */
interface Check {
  readonly name: string;
  readonly find: (state: HostState) => Finding[];
}

/** Bridge networks with somebody on them. */
function usedNetworks(state: HostState): NetworkPlace[] {
  return state.directory.networks.filter(
    ({ name, driver }) => driver === 'bridge' && containersOn(state, name).length > 0,
  );
}

function forwarding(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  return ([4, 6] as const).flatMap((family) => {
    const key = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
    const concerned = networks.filter(({ subnets }) => subnets.some((subnet) => prefixFamily(subnet) === family));
    if (concerned.length === 0 || state.sysctls[key] !== '0') return [];
    return [
      {
        code: 'forwarding-off',
        severity: 'error',
        text: `This host does not forward IPv${family}: nothing gets out of or into the networks ${namesOf(concerned)}.`,
        evidence: [`${key} = 0`],
        affects: concerned.flatMap(({ name }) => containersOn(state, name)),
        fixes: [
          sysctlFix(
            { namespace: '', key, value: '1', previous: '0' },
            { text: 'Switch forwarding on', scope: 'this host routes between its networks' },
          ),
        ],
      } satisfies Finding,
    ];
  });
}

function namesOf(networks: readonly NetworkPlace[]): string {
  return networks.map(({ name }) => name).join(', ');
}

/** A route of somebody else for addresses of ours: a VPN's, mostly. */
function overlaps(state: HostState): Finding[] {
  return state.directory.networks.flatMap((network) =>
    network.subnets.flatMap((subnet) =>
      state.routes
        .filter(
          ({ destination, link }) =>
            link !== network.interface &&
            prefixLength(destination) > 0 &&
            prefixFamily(destination) === prefixFamily(subnet),
        )
        .filter(
          ({ destination, link }) =>
            prefixesOverlap(destination, subnet) && !isOurs(state, link) && !isLinkLocal(destination),
        )
        .map(({ destination, link, type }): Finding => {
          const stronger = prefixLength(destination) >= prefixLength(subnet);
          const place = link ?? type ?? 'nowhere';
          return {
            code: 'subnet-overlap',
            severity: stronger ? 'error' : 'warning',
            text: stronger
              ? `Packets for ${network.name} (${subnet}) go to ${place} instead: the route to ${destination} is as exact or more so.`
              : `${network.name} (${subnet}) lies within ${destination}, which ${place} leads to: containers cannot reach those of its addresses there.`,
            evidence: [`route: ${destination} dev ${place}`, `network ${network.name}: ${subnet}`],
            affects: containersOn(state, network.name),
            fixes: [
              {
                text: 'Make the network anew with a subnet that nobody else has',
                commands: [`docker network create --subnet PREFIX ${network.name}-new`],
                undo: [`docker network rm ${network.name}-new`],
              },
            ],
          };
        }),
    ),
  );
}

function isOurs({ directory }: HostState, link: string | undefined): boolean {
  return directory.networks.some((network) => network.interface === link && link !== undefined);
}

function isLinkLocal(prefix: string): boolean {
  return prefix.startsWith('fe80:') || prefix.startsWith('ff') || prefix.startsWith('169.254.');
}

const PRESSURE = 0.8;

function connections(state: HostState): Finding[] {
  const [count, max] = ['count', 'max'].map((name) => Number(state.sysctls[`net.netfilter.nf_conntrack_${name}`] ?? 0));
  if (!max || (count ?? 0) < max * PRESSURE) return [];
  const full = (count ?? 0) >= max;
  const key = 'net.netfilter.nf_conntrack_max';
  return [
    {
      code: 'conntrack-pressure',
      severity: full ? 'error' : 'warning',
      text: `The table of connections ${full ? 'is full: new connections are dropped' : 'is nearly full: when it is, new connections are dropped'}.`,
      evidence: [`net.netfilter.nf_conntrack_count = ${count} of ${max}`],
      affects: state.directory.containers.filter(({ namespace }) => namespace !== undefined).map(({ name }) => name),
      fixes: [
        sysctlFix(
          { namespace: '', key, value: String(max * 4), previous: String(max) },
          { text: 'Make room for four times as many', scope: 'memory: 320 bytes for each' },
        ),
      ],
    },
  ];
}

/** Harmless in itself; together with somebody's policy it cuts neighbours off. */
function bridgedFirewall(state: HostState): Finding[] {
  return ([4, 6] as const).flatMap((family) => {
    const key = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    const table = family === 4 ? 'ip' : 'ip6';
    const policies = state.chains.filter(
      ({ hook, policy, family: of, table: name, chain }) =>
        hook === 'forward' &&
        policy === 'drop' &&
        (of === table || of === 'inet') &&
        ruleOwner({ family: of, table: name, chain }) !== 'fairlead',
    );
    const concerned = usedNetworks(state).filter(({ subnets }) =>
      subnets.some((subnet) => prefixFamily(subnet) === family),
    );
    const proven = state.proofs.some(
      ({ report }) => report.cause?.code === 'bridge-firewall' && report.probe?.family === family,
    );
    const [first] = policies;
    if (state.sysctls[key] !== '1' || first === undefined || concerned.length === 0 || !proven) return [];
    return [
      {
        code: 'bridge-firewall',
        severity: 'error',
        text: `Packets between containers of one network go through the IP firewall (${key} = 1), where ${ruleOwner(
          first,
          state.chains.filter((each) => each.table === first.table).map(({ chain }) => chain),
        )} drops them.`,
        evidence: [
          `${key} = 1`,
          `${first.family} ${first.table} ${first.chain}: policy drop`,
          'proved by a packet between two containers',
        ],
        affects: concerned.flatMap(({ name }) => containersOn(state, name)),
        fixes: [
          sysctlFix(
            { namespace: '', key, value: '0', previous: '1' },
            { text: 'Let bridged packets pass the IP firewall by', scope: 'all bridges of this host' },
          ),
        ],
      } satisfies Finding,
    ];
  });
}

function nameService(state: HostState): Finding[] {
  const running = state.directory.containers.filter(({ namespace }) => namespace !== undefined).map(({ name }) => name);
  const silent = state.nameServers.filter(({ failure }) => failure !== undefined);
  const all = silent.length === state.nameServers.length;
  const dead = silent.map(
    ({ server, failure }): Finding => ({
      code: 'name-server-silent',
      severity: all ? 'error' : 'warning',
      text: all
        ? `The name server ${server}, to which this host and its containers are sent, does not answer: no name outside is found.`
        : `The name server ${server} does not answer: looking names up takes longer than it should.`,
      evidence: [`${server}: ${failure}`],
      affects: running,
      fixes: [{ text: 'Name one that answers', commands: ['editor /etc/resolv.conf'], undo: [] }],
    }),
  );
  const loops = state.nameServers.flatMap(({ server }): Finding[] => {
    const owner = ownerOf(state.directory, server);
    const published = state.addresses.includes(server)
      ? state.directory.containers.find(({ publications }) =>
          publications.some(
            ({ protocol, hostPorts }) => protocol === 'udp' && hostPorts.first <= 53 && hostPorts.last >= 53,
          ),
        )
      : undefined;
    const name = owner?.container.name ?? published?.name;
    if (name === undefined) return [];
    return [
      {
        code: 'name-server-loop',
        severity: 'warning',
        text: `This host asks ${server} for names, which is the container ${name}: when ${name} asks the host in turn, or is down, nobody gets an answer.`,
        evidence: [`/etc/resolv.conf: nameserver ${server}`],
        affects: running,
        fixes: [
          { text: `Give ${name} a name server of its own`, commands: [`docker run --dns ADDRESS ...`], undo: [] },
        ],
      },
    ];
  });
  const own = state.ownNames.flatMap(({ container, failure }): Finding[] =>
    failure === undefined
      ? []
      : [
          {
            code: 'name-service-broken',
            severity: 'error',
            text: `${container} cannot look up its own name at 127.0.0.11: names of containers are not found.`,
            evidence: [`${container} asks 127.0.0.11 for ${container}: ${failure}`],
            affects: [container],
            fixes: [
              {
                text: 'Restart the engine, which starts its name service anew',
                commands: ['systemctl restart fairlead'],
                undo: [],
              },
            ],
          },
        ],
  );
  return [...dead, ...loops, ...own];
}

/** Namespaces and cables that no container has. */
function stale(state: HostState): Finding[] {
  const used = new Set(state.directory.containers.flatMap(({ namespace }) => namespace ?? []));
  const namespaces = state.namespaces.filter((name) => name.startsWith('fl-') && !used.has(name));
  const cables = new Set(
    state.directory.containers.flatMap(({ attachments }) =>
      attachments.flatMap(({ hostInterface }) => hostInterface ?? []),
    ),
  );
  const links = state.links.filter(
    ({ alias, name, kind }) => kind === 'veth' && alias?.startsWith('fairlead') === true && !cables.has(name),
  );
  const finding = (kind: string, name: string, command: string): Finding => ({
    code: `stale-${kind}`,
    severity: 'warning',
    text: `The ${kind} ${name} belongs to no container any more; it does no harm but take up room.`,
    evidence: [`${kind} ${name}`, 'no container has it'],
    affects: [],
    fixes: [{ text: 'Take it away', commands: [command], undo: [] }],
  });
  return [
    ...namespaces.map((name) => finding('namespace', name, `ip netns del ${name}`)),
    ...links.map(({ name }) => finding('interface', name, `ip link del ${name}`)),
  ];
}

function ownTable(state: HostState): Finding[] {
  const has = state.chains.some(({ family, table }) => family === 'inet' && table === 'fairlead');
  if (has) return [];
  return [
    {
      code: 'own-table-missing',
      severity: 'error',
      text: 'The table of Fairlead is gone: published ports, translation and separation of networks do not work.',
      evidence: ['nftables: no table inet fairlead'],
      affects: state.directory.containers.filter(({ namespace }) => namespace !== undefined).map(({ name }) => name),
      fixes: [{ text: 'Restart the engine, which puts it back', commands: ['systemctl restart fairlead'], undo: [] }],
    },
  ];
}

function defaultRoute(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  const has = state.routes.some(({ destination }) => destination === '0.0.0.0/0');
  if (has || networks.length === 0) return [];
  return [
    {
      code: 'no-default-route',
      severity: 'warning',
      text: 'This host has no default route for IPv4: containers reach what is on its own networks, and nothing else.',
      evidence: ['no route to 0.0.0.0/0'],
      affects: networks.flatMap(({ name }) => containersOn(state, name)),
      fixes: [{ text: 'Give it one', commands: ['ip route add default via GATEWAY'], undo: ['ip route del default'] }],
    },
  ];
}

function features(state: HostState): Finding[] {
  return state.missingFeatures.map((name) => ({
    code: 'kernel-feature',
    severity: 'note',
    text: `This kernel has no ${name}.`,
    evidence: [`tried: ${name}`],
    affects: [],
    fixes: [],
  }));
}

const checks: readonly Check[] = [
  { name: 'own rules', find: ownTable },
  { name: 'forwarding', find: forwarding },
  { name: 'default route', find: defaultRoute },
  { name: 'subnets', find: overlaps },
  { name: 'interfaces', find: interfaceFindings },
  { name: 'bridged packets', find: bridgedFirewall },
  { name: 'ways out', find: (state) => proofFindings(state, 'way-out') },
  { name: 'neighbours', find: (state) => proofFindings(state, 'neighbours') },
  { name: 'published ports', find: (state) => proofFindings(state, 'way-in') },
  { name: 'packet size', find: (state) => proofFindings(state, 'size') },
  { name: 'connections', find: connections },
  { name: 'names', find: nameService },
  { name: 'leftovers', find: stale },
  { name: 'kernel', find: features },
];

/** Run every check. What one of them says about a cause is not said again by a proof of another. */
export function runChecks(state: HostState): CheckResult[] {
  const said = new Set<string>();
  return checks.map(({ name, find }) => {
    const findings = find(state).filter(({ code, affects }) => {
      const key = `${code} ${[...affects].sort().join(' ')}`;
      const isNew = !said.has(key) && !(said.has(code) && proofCodes.has(code));
      said.add(key);
      said.add(code);
      return isNew;
    });
    return { check: name, findings };
  });
}

/** Causes that a check tells for the whole host, of which every proof then is only another instance. */
const proofCodes: ReadonlySet<string> = new Set([
  'forwarding-off',
  'bridge-firewall',
  'conntrack-full',
  'interface-down',
  'off-the-bridge',
  'address-missing',
]);
