import { ByteWriter, type Family, familyOf, type IpAddress, ipToBytes } from '@fairlead/base';
import {
  addValue,
  assemble,
  call,
  exit,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  jumpEqual32,
  jumpUnequal,
  label,
  load,
  loadMap,
  move,
  set,
  setLong,
  store,
  storeValue,
} from '../program/bpf-assembler.ts';
import type { PortPrefix } from './port-prefixes.ts';

/**
 * What decides about a bind(2). It looks up, by longest prefix (struct bpf_lpm_trie_key), who holds the port:
 *
 *     prefix length (32 bits) · protocol, family, scope, 0 (a byte each) · address (16 bytes) · port (2, network order)
 *
 * Scope `address` is for binds to the address or, under the wildcard, to any; scope `some` for binds to the wildcard,
 * which any hold stands in the way of.
 */
export const guardKeyBytes = 26;
const KEY_BITS = 160;
const FULL_BITS = KEY_BITS + 16;
const scopes = { address: 0, some: 1 } as const;
const wildcards = { 4: new Uint8Array(4), 6: new Uint8Array(16) } as const;

/** IPPROTO_* of the protocols whose binds pass the hook; SCTP's do not. */
const guardedProtocols = { tcp: 6, udp: 17 } as const;

/** Ports of one address. */
export interface GuardedPrefix {
  readonly protocol: keyof typeof guardedProtocols;
  readonly address: IpAddress;
  readonly prefix: PortPrefix;
}

/** The keys under which a hold is found: by address, and by whoever asks for all addresses. */
export function guardKeys({ protocol, address, prefix }: GuardedPrefix): Uint8Array[] {
  const family = familyOf(address);
  return (['address', 'some'] as const).map((scope) => {
    const bytes = scope === 'some' ? wildcards[family] : ipToBytes(address);
    const writer = new ByteWriter(guardKeyBytes).u32(KEY_BITS + prefix.bits);
    writer.u8(guardedProtocols[protocol]).u8(family).u8(scopes[scope]).u8(0);
    return writer
      .bytes(bytes)
      .zeros(16 - bytes.length)
      .u16be(prefix.port)
      .finish();
  });
}

/** Helpers of the kernel (enum bpf_func_id). */
const MAP_LOOKUP = 1;
const GET_NETNS_COOKIE = 122;
const SET_RETURN_VALUE = 187;
const EADDRINUSE = 98;
/** Fields of struct bpf_sock_addr, and of the struct bpf_sock that it leads to. */
const asked = { address4: 4, address6: [8, 12, 16, 20], port: 24, protocol: 36, socket: 64 } as const;
const SOCKET_MARK = 16;
/** The key on the stack; r10 is its end. */
const key = { start: -32, protocol: -28, family: -27, scope: -26, pad: -25, address: -24, port: -8 } as const;
/** The third word of ::ffff:0.0.0.0/96 as a load gives it. */
const MAPPED = 0xffff0000 | 0;

/** What a program is made from. */
export interface GuardProgramRequest {
  readonly family: Family;
  /** Descriptor of the map of {@link guardKeys}. */
  readonly map: number;
  /** Of the network namespace that the ports are of; binds in others pass. */
  readonly cookie: bigint;
  /** Sockets with this mark pass. */
  readonly mark: number;
}

/** The program that decides about the binds of one family. */
export function guardProgram({ family, map, cookie, mark }: GuardProgramRequest): Uint8Array {
  return assemble([
    move(6, 1),
    call(GET_NETNS_COOKIE),
    ...setLong(1, cookie),
    jumpUnequal(0, 1, 'pass'),
    load(8, 7, 6, asked.socket),
    load(4, 7, 7, SOCKET_MARK),
    jumpEqual32(7, mark, 'pass'),
    storeValue(4, 10, key.start, FULL_BITS),
    load(4, 7, 6, asked.protocol),
    store(1, 10, key.protocol, 7),
    set(7, 0),
    store(1, 10, key.pad, 7),
    load(4, 7, 6, asked.port),
    store(2, 10, key.port, 7),
    ...(family === 4 ? [load(4, 8, 6, asked.address4), ...decide4(map)] : decide6(map)),
    label('pass'),
    set(0, 1),
    exit(),
    label('refuse'),
    set(1, -EADDRINUSE),
    call(SET_RETURN_VALUE),
    set(0, 0),
    exit(),
  ]);
}

/** For the IPv4 address in r8. */
function decide4(map: number): Item[] {
  return [
    ...keyOf(4, 'address'),
    jumpEqual(8, 0, 'every address of IPv4'),
    store(4, 10, key.address, 8),
    ...refuseIfHeld(map),
    storeValue(4, 10, key.address, 0),
    ...refuseIfHeld(map),
    jump('pass'),
    label('every address of IPv4'),
    ...keyOf(4, 'some'),
    ...refuseIfHeld(map),
    jump('pass'),
  ];
}

/** An address of IPv4 may come in IPv6's clothes, and the wildcard of IPv6 is IPv4's too. */
function decide6(map: number): Item[] {
  const [first, second, third, fourth] = asked.address6;
  return [
    ...keyOf(6, 'address'),
    load(4, 8, 6, first),
    jumpDifferent(8, 0, 'one address of IPv6'),
    load(4, 8, 6, second),
    jumpDifferent(8, 0, 'one address of IPv6'),
    load(4, 7, 6, third),
    load(4, 8, 6, fourth),
    jumpEqual32(7, MAPPED, 'IPv4 in IPv6'),
    jumpDifferent(7, 0, 'one address of IPv6'),
    jumpEqual(8, 0, 'every address'),
    label('one address of IPv6'),
    ...asked.address6.flatMap((offset, at) => [load(4, 7, 6, offset), store(4, 10, key.address + at * 4, 7)]),
    ...refuseIfHeld(map),
    ...keyOf(6, 'address'),
    ...refuseIfHeld(map),
    jump('pass'),
    label('every address'),
    ...keyOf(6, 'some'),
    ...refuseIfHeld(map),
    set(8, 0),
    label('IPv4 in IPv6'),
    ...decide4(map),
  ];
}

/** A key for the wildcard. */
function keyOf(family: Family, scope: keyof typeof scopes): Item[] {
  return [
    set(7, family),
    store(1, 10, key.family, 7),
    set(7, scopes[scope]),
    store(1, 10, key.scope, 7),
    storeValue(8, 10, key.address, 0),
    storeValue(8, 10, key.address + 8, 0),
  ];
}

function refuseIfHeld(map: number): Item[] {
  return [...loadMap(1, map), move(2, 10), addValue(2, key.start), call(MAP_LOOKUP), jumpDifferent(0, 0, 'refuse')];
}
