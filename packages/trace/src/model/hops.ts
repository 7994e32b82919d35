import type { Carrier, CarrierKind } from '../packet/carried-packet.ts';
import type { PacketHeader, PacketRole } from '../packet/packet-header.ts';
import type { Hop, Rewrite, RuleStep } from './report.ts';

/** A packet with the tag, seen once. */
export interface Sighting {
  readonly role: PacketRole;
  readonly event: Hop['event'];
  /** Nanoseconds. */
  readonly time: bigint;
  /** Two sightings of one packet have the same. */
  readonly packetAddress: bigint;
  /** Number of the network namespace, 0 when the kernel could not tell. */
  readonly namespace: number;
  readonly device?: { readonly index: number; readonly name: string };
  /** Of the probe itself, also while another packet carries it. */
  readonly header: PacketHeader;
  /** The packet that carries it. */
  readonly carrier?: Carrier;
  /** Of an error: the packet that carried the probe, when it is about that one. */
  readonly about?: Carrier;
  /** True when the probe could not be read in it: it is the packet that was seen before at the same address. */
  readonly hidden?: true;
  /** Mark that rules have put on it; absent for 0. */
  readonly mark?: number;
  readonly reason?: string;
  readonly function?: string;
  /** The beginning of the packet, from its IP header on, where the packet itself was seen. */
  readonly bytes?: Uint8Array;
}

/** The rules that one packet met on one pass through a namespace. */
export interface RulePass {
  readonly namespace: number;
  /** Absent when the first event carried no headers. */
  readonly role: PacketRole | undefined;
  /** True when it is the packet that carries the probe. */
  readonly carried?: true;
  readonly incoming?: number;
  readonly outgoing?: number;
  readonly steps: readonly RuleStep[];
}

/** What hops are made from. */
export interface HopMaterial {
  readonly sightings: readonly Sighting[];
  readonly passes: readonly RulePass[];
  /** Sightings at which nobody watched the rules. */
  readonly unwatched?: ReadonlySet<Sighting>;
  /** Name of the place that a namespace is. */
  readonly placeName: (namespace: number) => string;
}

/** Put sightings and rules in order: one hop for each place that a packet was seen at. */
export function buildHops({ sightings, passes, unwatched, placeName }: HopMaterial): Hop[] {
  const ordered = inOrder(sightings);
  const start = ordered[0]?.time ?? 0n;
  const rules = assignPasses(ordered, passes);
  const previous = new Map<PacketRole, PacketHeader>();
  return ordered.map((sighting) => {
    const { role, event, namespace, device, header, time } = sighting;
    const { carrier } = sighting;
    const rewrites = rewritesBetween(previous.get(role), header);
    previous.set(role, header);
    return {
      role,
      place: placeName(namespace),
      namespace,
      ...(device && { device: device.name }),
      event,
      microseconds: Number(time - start) / 1000,
      packet: packetText(header),
      ...(carrier && { carrier: carrierHop(carrier) }),
      rewrites,
      rules: rules.get(sighting) ?? [],
      ...(sighting.reason !== undefined && { reason: sighting.reason }),
      ...(sighting.function !== undefined && { function: sighting.function }),
      ...(sighting.hidden === true && { inferred: true }),
      ...(unwatched?.has(sighting) === true && { unwatched: true }),
    };
  });
}

/** Sightings in order of time. */
export function inOrder(sightings: readonly Sighting[]): Sighting[] {
  return [...sightings].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Each pass belongs to the sighting at which it began: where the packet came in, or else where it left or ended. */
function assignPasses(sightings: readonly Sighting[], passes: readonly RulePass[]): Map<Sighting, RuleStep[]> {
  const rules = new Map<Sighting, RuleStep[]>();
  for (const pass of passes) {
    const here = sightings.filter(
      ({ namespace, role, carrier }) =>
        namespace === pass.namespace &&
        (pass.role === undefined || role === pass.role) &&
        (carrier !== undefined) === (pass.carried === true),
    );
    const home = homeOf(pass, here);
    if (home !== undefined) rules.set(home, [...(rules.get(home) ?? []), ...pass.steps]);
  }
  return rules;
}

function homeOf(pass: RulePass, here: readonly Sighting[]): Sighting | undefined {
  const at = (event: Hop['event'], index: number | undefined) =>
    index === undefined
      ? undefined
      : here.find((sighting) => sighting.event === event && sighting.device?.index === index);
  if (pass.incoming !== undefined)
    return at('received', pass.incoming) ?? here.findLast(({ event }) => event === 'received') ?? here[0];
  return at('sent', pass.outgoing) ?? here.find(({ event }) => event === 'sent' || event === 'dropped') ?? here[0];
}

function rewritesBetween(before: PacketHeader | undefined, after: PacketHeader): Rewrite[] {
  if (before === undefined) return [];
  return (['source', 'destination'] as const).flatMap((field) => {
    const [from, to] = [endText(before, field), endText(after, field)];
    return from === to ? [] : [{ field, from, to }];
  });
}

/** `172.17.0.2:80`, `[fd00::2]:80`, or the address alone where there are no ports. */
export function endText(header: PacketHeader, field: 'source' | 'destination'): string {
  const port = field === 'source' ? header.sourcePort : header.destinationPort;
  const address = header[field];
  if (port === undefined) return address;
  return header.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function packetText(header: PacketHeader): Hop['packet'] {
  const icmp = icmpText(header);
  return {
    source: endText(header, 'source'),
    destination: endText(header, 'destination'),
    lifetime: header.lifetime,
    ...(header.flags && { flags: header.flags }),
    ...(icmp !== undefined && { icmp }),
  };
}

function carrierHop(carrier: Carrier): NonNullable<Hop['carrier']> {
  const { kind, id, header } = carrier;
  const ends = { source: endText(header, 'source'), destination: endText(header, 'destination') };
  return { kind, ...(id !== undefined && { id }), ...ends, text: carrierText(carrier) };
}

/** What kinds of carriers are called by people. */
const carrierNames: Readonly<Record<CarrierKind, string>> = {
  vxlan: 'VXLAN',
  geneve: 'Geneve',
  gre: 'GRE',
  gretap: 'GRE',
  erspan: 'ERSPAN',
  ipip: 'IP',
  wireguard: 'WireGuard',
  esp: 'IPsec (ESP)',
};

/** `VXLAN id 5 from 192.0.2.2 to 192.0.2.1, UDP port 4789`. */
export function carrierText({ kind, id, header }: Carrier): string {
  const number = id === undefined ? '' : kind === 'vxlan' || kind === 'geneve' ? ` id ${id}` : ` key ${id}`;
  const port = header.destinationPort === undefined ? '' : `, UDP port ${header.destinationPort}`;
  return `${carrierNames[kind]}${number} from ${header.source} to ${header.destination}${port}`;
}

const icmp4: Readonly<Record<string, string>> = {
  '0 0': 'echo reply',
  '8 0': 'echo request',
  '3 0': 'network unreachable',
  '3 1': 'host unreachable',
  '3 2': 'protocol unreachable',
  '3 3': 'port unreachable',
  '3 4': 'too big',
  '3 9': 'network prohibited',
  '3 10': 'host prohibited',
  '3 13': 'administratively prohibited',
  '11 0': 'time to live exceeded',
};
const icmp6: Readonly<Record<string, string>> = {
  '129 0': 'echo reply',
  '128 0': 'echo request',
  '1 0': 'no route',
  '1 1': 'administratively prohibited',
  '1 3': 'address unreachable',
  '1 4': 'port unreachable',
  '1 5': 'source address failed policy',
  '1 6': 'route rejected',
  '2 0': 'too big',
  '3 0': 'hop limit exceeded',
};

/** What an ICMP message says; `undefined` for other protocols. */
export function icmpText({ family, type, code, fittingMtu }: PacketHeader): string | undefined {
  if (type === undefined) return undefined;
  const text = (family === 4 ? icmp4 : icmp6)[`${type} ${code}`] ?? `type ${type} code ${code}`;
  return fittingMtu === undefined ? text : `${text} (mtu ${fittingMtu})`;
}
