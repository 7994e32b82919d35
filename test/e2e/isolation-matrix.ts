import type { Host } from '@fairlead/lab';

/** What is asked of whom, by whom: the table of docs/isolation.md before anybody has been asked. */

/** Who asks. */
export const askers = ['outside', 'host', 'neighbour', 'stranger', 'inmate', 'loner'] as const;
export type Asker = (typeof askers)[number];

export const families = [4, 6] as const;
export type Family = (typeof families)[number];
export type Protocol = 'tcp' | 'udp' | 'icmp';

/** A network that the asked container is on. */
export interface Mode {
  /** Title of its table. */
  readonly title: string;
  /** The words of `docker network create` that make it. */
  readonly words: readonly string[];
  readonly internal: boolean;
  /** False for a container that has only IPv4. */
  readonly ipv6: boolean;
  readonly options: Readonly<Record<string, string>>;
}

const gatewayModes = ['nat', 'nat-unprotected', 'routed', 'isolated'] as const;

/** Every gateway mode, with and without communication between containers, and what is beside them. */
export const modes: readonly Mode[] = [
  ...gatewayModes.flatMap((name) => [mode(name), mode(name, { icc: false })]),
  mode('nat', { internal: true }),
  mode('nat', { internal: true, icc: false }),
  mode('nat', { ipv6: false }),
];

function mode(
  gateway: (typeof gatewayModes)[number],
  { icc = true, ipv6 = true, internal = gateway === 'isolated' } = {},
): Mode {
  const options = {
    ...(gateway !== 'nat' && {
      'com.docker.network.bridge.gateway_mode_ipv4': gateway,
      'com.docker.network.bridge.gateway_mode_ipv6': gateway,
    }),
    ...(!icc && { 'com.docker.network.bridge.enable_icc': 'false' }),
  };
  const short = internal && gateway === 'nat' ? 'internal' : gateway;
  return {
    title: `${short}${icc ? '' : ', icc off'}${ipv6 ? '' : ', IPv4 only'}`,
    words: [
      ...(ipv6 ? ['--ipv6'] : []),
      ...(internal ? ['--internal'] : []),
      ...Object.entries(options).map(([key, value]) => `-o ${key}=${value}`),
    ],
    internal,
    ipv6,
    options,
  };
}

/** Networks by their number: those of {@link modes}, then that of `stranger`, then that of `inmate`. */
export const strangersNetwork = modes.length;
export const inmatesNetwork = modes.length + 1;

/** Addresses on a network: 1 is the gateway's. */
export function addressOn(network: number, family: Family, place: number): string {
  return family === 4 ? `10.20.${network}.${place}` : `fd20:0:0:${subnetDigits(network)}::${place}`;
}

/** Prefix of a network, or of all of them. */
export function prefixOn(network: number | 'all', family: Family): string {
  if (network === 'all') return family === 4 ? '10.20.0.0/16' : 'fd20::/16';
  return family === 4 ? `10.20.${network}.0/24` : `fd20:0:0:${subnetDigits(network)}::/64`;
}

/** Nowhere a zero: addresses are compared as they are printed. */
function subnetDigits(network: number): string {
  return (0xa0 + network).toString(16);
}

/** Port of the container that is published, one that is not, and one on which the host itself listens. */
export const served = { published: 80, unpublished: 81, host: 82 } as const;

/** Host ports that the container of a network is published on. */
export function hostPorts(network: number): { wildcard: number; specific: number; loopback: number } {
  const first = 10_000 + 10 * network;
  return { wildcard: first, specific: first + 1, loopback: first + 2 };
}

/** A row of each table. */
export interface Target {
  readonly title: string;
  readonly protocols: readonly Protocol[];
  /** Who can mean it: to others it is another place, or none. */
  readonly askers: readonly Asker[];
  /** Who answers: the container behind the network, or the host. */
  readonly answers: 'container' | 'host';
  readonly place: (
    network: number,
    family: Family,
    host: Host,
    asker: Asker,
  ) => readonly [address: string, port: number];
}

const ports: readonly Protocol[] = ['tcp', 'udp'];
const hostsAddress = (host: Host, family: Family) => host.addresses.host[`ipv${family}`];
const loopback = (family: Family) => (family === 4 ? '127.0.0.1' : '::1');

/** Every row, in the order of the tables. */
export const targets: readonly Target[] = [
  {
    title: "container's address, published port",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family) => [addressOn(network, family, 2), served.published],
  },
  {
    title: "container's address, other port",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family) => [addressOn(network, family, 2), served.unpublished],
  },
  {
    title: "container's address, ICMP",
    protocols: ['icmp'],
    askers,
    answers: 'container',
    place: (network, family) => [addressOn(network, family, 2), 0],
  },
  {
    title: "published on every address, at the host's",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family, host) => [hostsAddress(host, family), hostPorts(network).wildcard],
  },
  {
    title: "... at its network's gateway",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family) => [addressOn(network, family, 1), hostPorts(network).wildcard],
  },
  {
    title: "... at the asker's gateway",
    protocols: ports,
    askers: ['stranger', 'inmate'],
    answers: 'container',
    place: (network, family, _, asker) => [
      addressOn(asker === 'stranger' ? strangersNetwork : inmatesNetwork, family, 1),
      hostPorts(network).wildcard,
    ],
  },
  {
    title: '... at loopback',
    protocols: ports,
    askers: ['host'],
    answers: 'container',
    place: (network, family) => [loopback(family), hostPorts(network).wildcard],
  },
  {
    title: "published on the host's address, there",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family, host) => [hostsAddress(host, family), hostPorts(network).specific],
  },
  {
    title: "... at its network's gateway",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family) => [addressOn(network, family, 1), hostPorts(network).specific],
  },
  {
    title: 'published on loopback, there',
    protocols: ports,
    askers: ['host'],
    answers: 'container',
    place: (network, family) => [loopback(family), hostPorts(network).loopback],
  },
  {
    title: "... at the host's address",
    protocols: ports,
    askers,
    answers: 'container',
    place: (network, family, host) => [hostsAddress(host, family), hostPorts(network).loopback],
  },
  {
    title: "gateway's address, ICMP",
    protocols: ['icmp'],
    askers,
    answers: 'host',
    place: (network, family) => [addressOn(network, family, 1), 0],
  },
  {
    title: "gateway's address, a program of the host",
    protocols: ports,
    askers,
    answers: 'host',
    place: (network, family) => [addressOn(network, family, 1), served.host],
  },
];

/** What came of a question. */
export type Outcome =
  /** Answered; who answers sees the asker's own address. */
  | 'yes'
  /** Answered; who answers sees an address of the host. */
  | 'masked'
  | 'no';

/** One question and what it is about. */
export interface Question {
  readonly network: number;
  readonly target: number;
  readonly asker: Asker;
  readonly family: Family;
  readonly protocol: Protocol;
}

/** A question that has been answered. */
export interface Finding extends Question {
  readonly outcome: Outcome;
}

/** Every question there is. */
export function allQuestions(): Question[] {
  return modes.flatMap((_, network) =>
    targets.flatMap((row, target) =>
      row.askers.flatMap((asker) =>
        families.flatMap((family) => row.protocols.map((protocol) => ({ network, target, asker, family, protocol }))),
      ),
    ),
  );
}
