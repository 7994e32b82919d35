import { type Family, isUnspecified } from '@fairlead/base';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import {
  type Attachment,
  addressOn,
  type ContainerPlace,
  type Directory,
  type NetworkPlace,
} from '../model/directory.ts';
import type { TraceRequest } from '../plan.ts';
import type { InsideState } from './host-state.ts';
import { type PlannedProof, PROOF_PATIENCE } from './planned-proof.ts';

/** Two containers of a network, and how the second is on it. */
interface Pair {
  readonly from: string;
  readonly to: ContainerPlace;
  readonly attachment: Attachment;
}

/**
 * Each container of a network sends to the next one, the last to the first: so every cable is tried in both directions. An
 * echo request is as large as the network lets it be; where somebody listens, the first packet of a connection goes there as
 * well, for rules tell protocols and ports apart.
 */
export function neighbourProofs(
  directory: Directory,
  inside: readonly InsideState[],
  network: NetworkPlace,
): PlannedProof[] {
  if (network.driver !== 'bridge' || !network.open) return [];
  return pairsOn(directory, network.name).flatMap((pair) =>
    ([4, 6] as const).flatMap((family) => proofsOf(pair, family, network, inside)),
  );
}

function pairsOn({ containers }: Directory, network: string): Pair[] {
  const members = containers.flatMap((container) => {
    const attachment = container.attachments.find((each) => each.network === network);
    return container.namespace && attachment ? [{ container, attachment }] : [];
  });
  const senders = members.length === 2 ? members.slice(0, 1) : members.length < 2 ? [] : members;
  return senders.flatMap(({ container: { name: from } }, index) => {
    const next = members[(index + 1) % members.length];
    return next === undefined ? [] : [{ from, to: next.container, attachment: next.attachment }];
  });
}

function proofsOf(
  { from, to, attachment }: Pair,
  family: Family,
  { name: network, mtu }: NetworkPlace,
  inside: readonly InsideState[],
): PlannedProof[] {
  const address = addressOn(attachment, family);
  if (address === undefined) return [];
  const proof = (change: Pick<TraceRequest, 'to' | 'protocol' | 'size'>): PlannedProof => ({
    purpose: { kind: 'neighbours', network, from, to: to.name },
    request: { from, family, timeout: PROOF_PATIENCE, ...change },
  });
  const sockets = inside.find(({ container }) => container === to.name)?.sockets ?? [];
  const server = sockets.find((socket) => takes(socket, attachment, family));
  const size = mtu === undefined ? {} : { size: mtu };
  const connection = (port: number) => proof({ to: family === 6 ? `[${address}]:${port}` : `${address}:${port}` });
  return [
    proof({ to: address, protocol: 'icmp', ...size }),
    ...(server === undefined ? [] : [connection(server.local.port)]),
  ];
}

/** True for a server that is reached at the container's address in a family, and that is not full, nor for some interface alone. */
function takes(socket: SocketDetails, attachment: Attachment, family: Family): boolean {
  const { state, local, v6Only, device, receiveQueue, sendQueue } = socket;
  if (state !== 'listen' || device !== undefined || receiveQueue > sendQueue) return false;
  const everywhere = isUnspecified(local.address) && (local.address === '::' ? family === 6 || !v6Only : family === 4);
  return everywhere || local.address === addressOn(attachment, family);
}
