import { ByteWriter, type Family, familyOf, type IpAddress, macToBytes } from '@fairlead/base';
import { errnoOf, type OpenNamespace } from '@fairlead/kernel';
import {
  assemble,
  type ConnectionState,
  call,
  exit,
  openNumberedConnection,
  reservePort,
  runClassifier,
  sendRawPacket,
  set,
  tryConnection,
} from '@fairlead/kernel/tracing';
import type { ErrnoName, NamespaceName } from '@fairlead/netlink';
import type { ProbeProtocol } from '../packet/packet-header.ts';
import { probePacket } from '../packet/probe-packet.ts';
import type { Uplink } from './host-addresses.ts';
import type { News } from './settle.ts';

/** A probe, with everything decided. */
export interface Probe {
  readonly protocol: ProbeProtocol;
  readonly family: Family;
  readonly namespace: NamespaceName;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly port: number;
  readonly tag: number;
  readonly size?: number;
  readonly connect: boolean;
  /** Time to live, as the source gives its packets. */
  readonly lifetime?: number;
  /** The interface that it is to come in by. */
  readonly arrival?: Uplink;
}

/** A probe that is under way. Of what only its socket knows it tells once, and to one who listens. */
export interface SentProbe extends Disposable, News {
  /** Port that it was sent from; for ICMP the identifier. */
  readonly sourcePort: number;
  /** Why it could not be sent: the kernel's own answer to the sender. */
  readonly failure?: ErrnoName;
  /** How the connection stands, when there is one. */
  readonly connection?: () => ConnectionState;
  /** True when it was sent by a process of the source's control group. */
  readonly fromGroup?: true;
  /** True when data have come back to the probe's socket. */
  readonly answered: () => boolean;
}

/** Of packets that come by the wire nobody holds the port: it is in the range that clients use. */
const EPHEMERAL = 49_152;
const PORTS = 16_384;

/** Send a probe on its way. What the kernel says against it is part of the answer, not an error. */
export function sendProbe(probe: Probe, namespace: OpenNamespace): SentProbe {
  if (probe.arrival !== undefined) return sendArrival(probe, probe.arrival);
  return namespace.enter(() => (probe.connect ? connectProbe(probe) : sendFrom(probe)));
}

/** Send a probe from the namespace and the control group that this process is in, if a program may do so there. */
export function sendProbeHere(probe: Probe): SentProbe {
  const { protocol, destination, port, connect } = probe;
  if (connect) return connectProbe(probe);
  try {
    // A raw packet connects to nobody, so that nobody would be asked.
    if (protocol !== 'icmp') tryConnection(protocol, destination, port);
  } catch (error) {
    if (errnoOf(error) === 'EPERM') return notSent(error, 0);
  }
  return sendFrom(probe);
}

function connectProbe(probe: Probe): SentProbe {
  try {
    const connection = openNumberedConnection(probe.destination, probe.port, probe.tag);
    return {
      sourcePort: connection.source.port,
      connection: () => connection.check(),
      answered: () => false,
      listen: (hear) => connection.listen(hear),
      [Symbol.dispose]: () => connection[Symbol.dispose](),
    };
  } catch (error) {
    return notSent(error, 0);
  }
}

function sendFrom(probe: Probe): SentProbe {
  const { protocol, source, destination } = probe;
  try {
    const held = reservePort(protocol === 'udp' ? 'udp' : 'tcp', source);
    try {
      sendRawPacket(packetOf(probe, held.port), destination);
    } catch (error) {
      held[Symbol.dispose]();
      return notSent(error, held.port);
    }
    let answered = false;
    return {
      sourcePort: held.port,
      answered: () => {
        answered ||= held.receive() !== undefined;
        return answered;
      },
      listen: (hear) => held.listen(hear),
      [Symbol.dispose]: () => held[Symbol.dispose](),
    };
  } catch (error) {
    return notSent(error, 0);
  }
}

function notSent(error: unknown, sourcePort: number): SentProbe {
  const failure = errnoOf(error);
  if (failure === undefined) throw error;
  return { sourcePort, failure, ...silent };
}

/** A probe that no socket of ours waits for. */
const silent = {
  answered: () => false,
  listen: () => ({ [Symbol.dispose]: () => undefined }),
  [Symbol.dispose]: () => undefined,
};

function packetOf({ port, ...probe }: Probe, sourcePort: number): Uint8Array {
  return probePacket({ ...probe, sourcePort, destinationPort: port });
}

/** Ethernet type of each IP version. */
const etherTypes: Readonly<Record<Family, number>> = { 4: 0x0800, 6: 0x86dd };
/** A locally administered address for the sender on the wire. */
const SENDER = Uint8Array.of(2, 0, 0, 0, 0, 1);
/** bpf_clone_redirect, and its flag BPF_F_INGRESS. */
const CLONE_REDIRECT = 13;
const INGRESS = 1;

/** Let a frame come in by an interface as if the wire had brought it; nothing is sent on the wire. */
function sendArrival(probe: Probe, { index, mac }: Uplink): SentProbe {
  const sourcePort = EPHEMERAL + (probe.tag % PORTS);
  const frame = new ByteWriter()
    .bytes(mac === undefined ? new Uint8Array(6) : macToBytes(mac))
    .bytes(SENDER)
    .u16be(etherTypes[familyOf(probe.destination)])
    .bytes(packetOf(probe, sourcePort))
    .finish()
    .slice();
  try {
    runClassifier(assemble([set(2, index), set(3, INGRESS), call(CLONE_REDIRECT), set(0, 0), exit()]), frame);
    return { sourcePort, ...silent };
  } catch (error) {
    return notSent(error, sourcePort);
  }
}
