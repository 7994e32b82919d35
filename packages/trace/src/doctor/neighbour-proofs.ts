import { type Family, hostText, isUnspecified } from '@fairlead/base';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import {
  type Attachment,
  addressOn,
  type ContainerPlace,
  type Directory,
  type NetworkPlace,
} from '../model/directory.ts';
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
 *
 * @returns in the order in which it is to be tried, where not all can be: of each pair the first server, then the second one.
 */
export function neighbourProofs(
  directory: Directory,
  inside: readonly InsideState[],
  networks: readonly NetworkPlace[],
): PlannedProof[] {
  const ofPairs = networks
    .filter(({ driver, open }) => driver === 'bridge' && open)
    .flatMap((network) => pairsOn(directory, network.name).map((pair) => ({ network, pair })))
    .map(({ network, pair }) => ([4, 6] as const).map((family) => proofsOf(pair, family, network, inside)));
  return inTurns(ofPairs.flat());
}

/** The first two of each list, the echo request and a server; then the third of each, and so on. */
function inTurns(lists: readonly (readonly PlannedProof[])[]): PlannedProof[] {
  const longest = Math.max(2, ...lists.map((list) => list.length));
  const turns = Array.from({ length: longest - 1 }, (_, turn) => [turn === 0 ? 0 : turn + 1, turn + 2] as const);
  return turns.flatMap(([first, end]) => lists.flatMap((list) => list.slice(first, end)));
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
  const purpose = { kind: 'neighbours', network, from, to: to.name } as const;
  const request = { from, family, timeout: PROOF_PATIENCE } as const;
  const size = mtu === undefined ? {} : { size: mtu };
  const sockets = inside.find(({ container }) => container === to.name)?.sockets ?? [];
  const ports = sockets.filter((socket) => takes(socket, attachment, family)).map(({ local }) => local.port);
  return [
    { purpose, request: { ...request, to: address, protocol: 'icmp', ...size } },
    ...[...new Set(ports)].map((port) => ({
      purpose: { ...purpose, port },
      request: { ...request, to: `${hostText(address)}:${port}` },
    })),
  ];
}

/**
 * True for a server that is reached at the container's address in a family, and that is not full, nor for some interface
 * alone.
 */
function takes(socket: SocketDetails, attachment: Attachment, family: Family): boolean {
  const { state, local, v6Only, device, receiveQueue, sendQueue } = socket;
  if (state !== 'listen' || device !== undefined || receiveQueue > sendQueue) return false;
  const everywhere = isUnspecified(local.address) && (local.address === '::' ? family === 6 || !v6Only : family === 4);
  return everywhere || local.address === addressOn(attachment, family);
}
