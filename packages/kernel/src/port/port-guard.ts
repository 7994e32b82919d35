import { randomInt } from 'node:crypto';
import { parseIpAddress } from '@fairlead/base';
import { addBpfElements, closeAll, createBpfMap, deleteBpfElements } from '../program/bpf-call.ts';
import { linkToAllProcesses } from '../program/control-group-program.ts';
import { close, getsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import { boundPort } from './bound-port.ts';
import { guardKeyBytes, guardKeys, guardProgram } from './port-guard-program.ts';
import { holdPort } from './port-hold.ts';
import { portPrefixes } from './port-prefixes.ts';
import { type AddressPorts, portInUse, type UsedPort } from './port-users.ts';

/** BPF_MAP_TYPE_LPM_TRIE, which needs BPF_F_NO_PREALLOC. */
const PREFIX_TRIE = 11;
const NO_PREALLOCATION = 1;
/** BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND and BPF_CGROUP_INET6_BIND. */
const SOCKET_ADDRESS = 18;
const bindHooks = { 4: 8, 6: 9 } as const;
/** Room for a thousand ranges of the worst kind in both families. */
const CAPACITY = 131_072;
const HELD = Uint8Array.of(1);
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;

/**
 * Takes ranges of ports away from everybody else in this thread's network namespace, without a socket for each: a program
 * of the kernel's (BPF, at the root of the control groups) refuses binds to them with EADDRINUSE. A range is a few dozen
 * entries of a map whatever its length. It ends with the process, however that ends.
 *
 * What the kernel gives out by itself (bind(2) to port 0, connect(2)) does not ask the program: ranges have to lie outside
 * of net.ipv4.ip_local_port_range. Since Linux 6.8, for only there bound sockets can be listed (TCP_BOUND_INACTIVE).
 */
export class PortGuard implements Disposable {
  /** Sockets with this mark may be bound to ports that are held; setting a mark needs CAP_NET_ADMIN. */
  readonly mark = randomInt(1, 2 ** 31);
  readonly #map: number;
  readonly #links: readonly number[];
  /** How many holds need a key: those of different addresses share what is looked up for the wildcard. */
  readonly #users = new Map<string, number>();

  /** @throws SystemCallError where the kernel has no such programs, or does not let us use them. */
  constructor() {
    requireListOfBoundSockets();
    const map = createBpfMap({
      type: PREFIX_TRIE,
      keySize: guardKeyBytes,
      valueSize: 1,
      entries: CAPACITY,
      flags: NO_PREALLOCATION,
    });
    this.#map = map;
    const links: number[] = [];
    try {
      const cookie = namespaceCookie();
      for (const family of [4, 6] as const) links.push(attach({ family, map, cookie, mark: this.mark }));
    } catch (error) {
      closeAll([map, ...links]);
      throw error;
    }
    this.#links = links;
  }

  /**
   * Hold ports.
   *
   * @throws PortInUseError for the lowest port that a socket has already; nothing is held then.
   */
  hold(ports: AddressPorts): void {
    this.#enter(ports);
    // Only now: who binds meanwhile is either refused or found.
    const used = portInUse(ports);
    if (used === undefined) return;
    this.release(ports);
    throw new PortInUseError(used);
  }

  /** Give up ports that {@link hold} has got. */
  release(ports: AddressPorts): void {
    const unused: Uint8Array[] = [];
    for (const key of keysOf(ports)) {
      const name = key.toHex();
      const users = (this.#users.get(name) ?? 0) - 1;
      if (users > 0) this.#users.set(name, users);
      else if (this.#users.delete(name)) unused.push(key);
    }
    deleteBpfElements(this.#map, unused);
  }

  [Symbol.dispose](): void {
    closeAll([...this.#links, this.#map]);
  }

  #enter(ports: AddressPorts): void {
    const keys = keysOf(ports).map((key) => [key.toHex(), key] as const);
    // In one system call: a range is some forty keys.
    const fresh = new Map(keys.filter(([name]) => !this.#users.has(name)));
    addBpfElements(this.#map, [...fresh.values()], HELD);
    for (const [name] of keys) this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
  }
}

/** A port that cannot be held because a socket is bound to it. */
export class PortInUseError extends SystemCallError {
  readonly used: UsedPort;

  constructor(used: UsedPort) {
    super(`hold port ${used.port}`, 'EADDRINUSE');
    this.used = used;
  }
}

function keysOf({ protocol, addresses, first, last }: AddressPorts): Uint8Array[] {
  return portPrefixes({ first, last }).flatMap((prefix) =>
    addresses.flatMap((address) => guardKeys({ protocol, address, prefix })),
  );
}

function attach(request: Parameters<typeof guardProgram>[0]): number {
  const hook = bindHooks[request.family];
  const instructions = guardProgram(request);
  return linkToAllProcesses({ type: SOCKET_ADDRESS, name: `fl_bind${request.family}`, instructions, attachType: hook });
}

/** @throws SystemCallError where a bound socket is not listed before it listens. */
function requireListOfBoundSockets(): void {
  const address = parseIpAddress('127.0.0.1');
  const descriptor = holdPort({ protocol: 'tcp', family: 4, address, port: 0 });
  try {
    const port = boundPort(descriptor);
    const used = portInUse({ protocol: 'tcp', addresses: [address], first: port, last: port });
    if (used === undefined) throw new SystemCallError('list bound sockets', 'EOPNOTSUPP');
  } finally {
    close(descriptor);
  }
}

/** Number of the network namespace that this thread is in. */
function namespaceCookie(): bigint {
  const descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    const cookie = new Uint8Array(8);
    getsockopt(descriptor, SOL_SOCKET, SO_NETNS_COOKIE, cookie, Uint8Array.of(cookie.length, 0, 0, 0));
    return new DataView(cookie.buffer).getBigUint64(0, true);
  } finally {
    close(descriptor);
  }
}
