import {
  ByteReader,
  familyOf,
  type IpAddress,
  ipFromBytes,
  ipToBytes,
  type MacAddress,
  macFromBytes,
  macToBytes,
} from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message } from '../message.ts';
import { withoutUndefined } from './link-details.ts';
import { addressFamily, familyNumber, routeMessage } from './message-types.ts';
import { decodeNeighborHeader, neighborAttribute, neighborHeaderLength, neighborState } from './neighbor.ts';

/** NDA_CACHEINFO, NDA_MASTER. */
const CACHE_INFORMATION = 3;
const MASTER = 9;
/** Ticks a second in which the kernel tells times to programs (USER_HZ), the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** NUD_* in ip-neighbour(8)'s words. */
const states: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'incomplete',
  2: 'reachable',
  4: 'stale',
  8: 'delay',
  16: 'probe',
  32: 'failed',
  64: 'noarp',
  128: 'permanent',
};

/** An entry of the neighbour table or of a bridge's forwarding database, learnt or made. */
export interface NeighborAnswer {
  /** Index of the interface; of a forwarding entry, of the port. */
  readonly index: number;
  /** In the words of ip-neighbour(8). */
  readonly state: string;
  readonly mac?: MacAddress;
  readonly address?: IpAddress;
}

/** An entry of a bridge's forwarding database. */
export interface ForwardingEntry {
  readonly mac: MacAddress;
  /** Index of the port; of the bridge, where the address is the bridge's own. */
  readonly index: number;
  /** Index of the bridge. */
  readonly bridge: number;
  readonly vlan?: number;
  /** `local`: an interface of this machine; `static`: written by somebody; `learnt`: from a frame that came in there. */
  readonly kind: 'local' | 'static' | 'learnt';
  /** Seconds since the last frame from there. Static entries and those of interfaces count from when they were made. */
  readonly age: number;
}

/** Ask who has an address on an interface (Linux 5.0); `ENOENT` when nobody was asked for it. */
export function getNeighborMessage(index: number, address: IpAddress): Uint8Array {
  return encodeMessage(routeMessage.getNeighbor, 0, (writer) => {
    writer.header
      .u8(familyNumber(familyOf(address)))
      .zeros(3)
      .i32(index)
      .zeros(4);
    writer.bytes(neighborAttribute.destination, ipToBytes(address));
  });
}

/** Ask a bridge behind which port an address is (Linux 5.0); `ENOENT` when it does not know, and sends everywhere. */
export function getForwardingMessage(bridge: number, mac: MacAddress): Uint8Array {
  return encodeMessage(routeMessage.getNeighbor, 0, (writer) => {
    writer.header.u8(addressFamily.bridge).zeros(neighborHeaderLength - 1);
    writer.bytes(neighborAttribute.mac, macToBytes(mac)).u32(MASTER, bridge);
  });
}

/** Read RTM_NEWNEIGH, whatever its state. */
export function decodeNeighborAnswer(message: Message): NeighborAnswer {
  const { index, state } = decodeNeighborHeader(message.body);
  const attributes = new Attributes(message.body.subarray(neighborHeaderLength));
  const mac = attributes.bytes(neighborAttribute.mac);
  const address = attributes.bytes(neighborAttribute.destination);
  return withoutUndefined<NeighborAnswer>({
    index,
    state: states[state] ?? `0x${state.toString(16)}`,
    mac: mac?.length === 6 ? macFromBytes(mac) : undefined,
    address: address && ipFromBytes(address),
  });
}

/**
 * Read an RTM_NEWNEIGH message of the bridge family (net/bridge/br_fdb.c, fdb_fill_info); `undefined` for what is in no
 * bridge: addresses that a link itself listens to.
 */
export function decodeForwardingEntry(message: Message): ForwardingEntry | undefined {
  const { index, state } = decodeNeighborHeader(message.body);
  const attributes = new Attributes(message.body.subarray(neighborHeaderLength));
  const mac = attributes.bytes(neighborAttribute.mac);
  const bridge = attributes.u32(MASTER);
  const times = attributes.bytes(CACHE_INFORMATION);
  if (mac?.length !== 6 || bridge === undefined || times === undefined) return undefined;
  return withoutUndefined<ForwardingEntry>({
    mac: macFromBytes(mac),
    index,
    bridge,
    vlan: attributes.u16(neighborAttribute.vlan),
    kind: state & neighborState.permanent ? 'local' : state & neighborState.static ? 'static' : 'learnt',
    // nda_cacheinfo: confirmed, used, updated, references. `updated` is when a frame came from there.
    age: new ByteReader(times).skip(8).u32() / TICKS_PER_SECOND,
  });
}
