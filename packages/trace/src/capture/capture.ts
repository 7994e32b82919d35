import { FairleadError } from '@fairlead/base';
import { OpenNamespace } from '@fairlead/kernel';
import { PacketRing, type RingPacket } from '@fairlead/kernel/tracing';
import type { LinkDetails } from '@fairlead/netlink';
import type { Directory } from '../model/directory.ts';
import { addressesOf, type CapturePlan, type CaptureRequest, captureNames, planCapture } from './capture-plan.ts';
import { parseFilter } from './filter.ts';
import { compileFilter } from './filter-program.ts';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  linkType,
  nameResolution,
  sectionHeader,
} from './pcapng.ts';
import { takenPackets } from './taken-packets.ts';

/** ARPHRD_ETHER and ARPHRD_LOOPBACK: their packets have Ethernet headers. */
const ethernetHardware: ReadonlySet<number> = new Set([1, 772]);

/**
 * Capture packets as a pcapng file, a piece at a time. It listens from the call on; what nobody takes in time is dropped
 * and counted. All is over with the signal.
 *
 * @throws FairleadError when the request makes no sense: nothing has begun then.
 */
export function capturePackets(
  request: CaptureRequest,
  directory: Directory,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const plan = planCapture(request, directory);
  const filter = parseFilter(request.filter, (name) => addressesOf(directory, name));
  const program = compileFilter(filter, request.snapLength);
  using parts = new DisposableStack();
  const namespace = parts.use(new OpenNamespace(plan.namespace));
  const links = chosenLinks(namespace, plan);
  const rings = namespace.enter(() =>
    links === undefined
      ? [parts.use(new PacketRing({ program }))]
      : links.map(({ index }) => parts.use(new PacketRing({ program, link: index, promiscuous: plan.promiscuous }))),
  );
  const owned = parts.move();
  // A generator that is never begun never comes to its end; one that was still waits for its sockets.
  let hasBegun = false;
  const end = () => {
    if (!hasBegun) owned.dispose();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const file = new CaptureFile(plan, request, namespace);
  return (async function* () {
    hasBegun = true;
    try {
      yield file.beginning(directory);
      yield* takenPackets(rings, (packet) => file.packet(packet), request, signal);
      yield file.end(rings);
    } finally {
      signal.removeEventListener('abort', end);
      owned.dispose();
    }
  })();
}

/** `undefined` for all of the namespace. */
function chosenLinks(namespace: OpenNamespace, { interfaces, place }: CapturePlan): LinkDetails[] | undefined {
  return interfaces?.map((name) => {
    const link = namespace.link(name);
    if (link === undefined) throw new FairleadError('not-found', `No such interface in ${place}: ${name}`);
    return link;
  });
}

/** Knows which interfaces the file has described. */
class CaptureFile {
  readonly #plan: CapturePlan;
  readonly #request: CaptureRequest;
  readonly #namespace: OpenNamespace;
  readonly #numbers = new Map<number, number>();

  constructor(plan: CapturePlan, request: CaptureRequest, namespace: OpenNamespace) {
    this.#plan = plan;
    this.#request = request;
    this.#namespace = namespace;
  }

  beginning(directory: Directory): Uint8Array {
    const { target, filter } = this.#request;
    const comment = `fairlead capture ${target}${filter === '' ? '' : ` ${filter}`}`;
    return Buffer.concat([sectionHeader(comment), nameResolution(captureNames(directory))]);
  }

  /** The packet, after its interface when that is a new one. */
  packet({ link, hardware, isOutgoing, ...packet }: RingPacket): Uint8Array[] {
    const known = this.#numbers.get(link);
    const number = known ?? this.#numbers.size;
    this.#numbers.set(link, number);
    const block = enhancedPacket({ interface: number, direction: isOutgoing ? 'out' : 'in', ...packet });
    return known === undefined ? [this.#describe(link, hardware), block] : [block];
  }

  #describe(link: number, hardware: number): Uint8Array {
    const { filter, snapLength } = this.#request;
    const name = this.#namespace.links().find(({ index }) => index === link)?.name ?? `interface ${link}`;
    return interfaceDescription({
      name: `${this.#plan.place}:${name}`,
      linkType: ethernetHardware.has(hardware) ? linkType.ethernet : linkType.raw,
      snapLength: snapLength ?? 0,
      ...(filter !== '' && { filter }),
    });
  }

  /** Counts are of all interfaces together: the first one gets them. */
  end(rings: readonly PacketRing[]): Uint8Array {
    const counts = rings.map((ring) => ring.counts());
    const total = (of: 'accepted' | 'dropped') => counts.reduce((sum, each) => sum + each[of], 0);
    const time = BigInt(Date.now()) * 1_000_000n;
    const statistics = interfaceStatistics(0, time, { accepted: total('accepted'), dropped: total('dropped') });
    if (this.#numbers.size > 0) return statistics;
    // Statistics belong to an interface, also when no packet came.
    const name = `${this.#plan.place}:${this.#plan.interfaces?.[0] ?? 'any'}`;
    const none = interfaceDescription({ name, linkType: linkType.ethernet, snapLength: 0 });
    return Buffer.concat([none, statistics]);
  }
}
