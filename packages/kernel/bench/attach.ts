/**
 * How long it takes to attach an endpoint: a namespace, a veth pair on a bridge, addresses of both families, default
 * routes and one published port; through {@link Kernel} and, interleaved, as bare netlink messages made beforehand.
 *
 *     node packages/kernel/bench/attach.ts [rounds]
 *
 * @module
 */

import { closeSync, openSync } from 'node:fs';
import {
  parseInterfaceAddress as cidr,
  type InterfaceAddress,
  parseIpAddress as ip,
  type MacAddress,
  parseMacAddress as mac,
  macToBytes,
  parsePrefix as prefix,
} from '@fairlead/base';
import {
  type AddressObject,
  addAddressMessage,
  addRouteMessage,
  type ElementObject,
  encodeElements,
  encodeMessage,
  encodeNftBatch,
  flagsOf,
  joinMessages,
  type KernelObject,
  type LinkObject,
  messageFlag,
  setAliasMessage,
  setLinkUpMessage,
  type TableDefinition,
} from '@fairlead/netlink';
import { Recorder } from '../src/change/recorder.ts';
import { Kernel } from '../src/kernel.ts';
import {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  listNamespaces,
  namespacePath,
} from '../src/namespace/namespace.ts';
import { NetlinkSocket } from '../src/socket/netlink-socket.ts';

const rounds = Number(process.argv[2] ?? 100);
const host = 'fl-test-attach-host';
const box = 'fl-test-attach-box';
const base = 'fl-test-attach-';
const outerMac = mac('02:42:00:00:00:02');
const innerMac = mac('02:42:00:00:00:03');
const addresses: readonly InterfaceAddress[] = [cidr('10.77.0.2/24'), cidr('fd77::2/64')];

const table: TableDefinition = {
  family: 'inet',
  name: 'fairlead',
  sets: [{ name: 'published', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'] }],
  chains: [],
};

const network: KernelObject[] = [
  { kind: 'namespace', namespace: host },
  { kind: 'link', namespace: host, name: 'fl0', type: { kind: 'bridge' }, up: true, mac: mac('02:42:00:00:00:01') },
  { kind: 'address', namespace: host, link: 'fl0', address: cidr('10.77.0.1/24') },
  { kind: 'address', namespace: host, link: 'fl0', address: cidr('fd77::1/64') },
  { kind: 'table', namespace: host, definition: table },
];

const outer: LinkObject = {
  kind: 'link',
  namespace: host,
  name: 'fla',
  up: true,
  mtu: 1500,
  mac: outerMac,
  master: 'fl0',
  alias: 'fairlead endpoint',
  type: { kind: 'veth', peer: { namespace: box, name: 'eth0', mac: innerMac, mtu: 1500 } },
};
const inner: LinkObject = {
  kind: 'link',
  namespace: box,
  name: 'eth0',
  type: { kind: 'veth' },
  up: true,
  mac: innerMac,
  mtu: 1500,
};
const onBox = addresses.map((address): AddressObject => ({ kind: 'address', namespace: box, link: 'eth0', address }));
const routes = [
  ['0.0.0.0/0', '10.77.0.1'],
  ['::/0', 'fd77::1'],
].map(
  ([to = '', via = '']) =>
    ({
      kind: 'route',
      namespace: box,
      destination: prefix(to),
      via: ip(via),
      link: 'eth0',
    }) as const,
);
const element: ElementObject = {
  kind: 'element',
  namespace: host,
  table: 'fairlead',
  set: 'published',
  key: ['tcp', '8080'],
  value: ['10.77.0.2', '80'],
};
const endpoint: KernelObject[] = [{ kind: 'namespace', namespace: box }, outer, ...onBox, inner, ...routes, element];

/** The same as bare messages, with nothing to look up: the inner end gets an index of our choice. */
class Floor {
  static readonly index = 1000;
  readonly #lo = setLinkUpMessage('lo', true);
  readonly #alias = setAliasMessage({ name: 'fla', alias: 'fairlead endpoint' });
  readonly #up = setLinkUpMessage('eth0', true);
  readonly #veth: Uint8Array;
  readonly #inside: Uint8Array[];
  readonly #element: Uint8Array;
  readonly #route: NetlinkSocket;
  readonly #netfilter: NetlinkSocket;

  constructor(bridgeIndex: number) {
    const lookup = { linkIndex: () => Floor.index, newLinkIndex: () => 0, namespaceDescriptor: () => 0 };
    this.#veth = vethMessage(bridgeIndex);
    this.#inside = [
      ...onBox.map((object) => addAddressMessage(object, lookup)),
      this.#up,
      ...routes.map((object) => addRouteMessage(object, lookup)),
    ];
    const [set] = table.sets;
    const { key, value = [] } = element;
    const requests = set === undefined ? [] : encodeElements({ table, set }, 'add', [{ key, value }]);
    this.#element = joinMessages(encodeNftBatch(requests).map(({ message }) => message));
    [this.#route, this.#netfilter] = enterNamespace(
      namespacePath(host),
      () => [new NetlinkSocket('route'), new NetlinkSocket('netfilter')] as const,
    );
  }

  attach(): void {
    const socket = createNamespace(box, () => new NetlinkSocket('route'));
    if (socket === undefined) throw new Error('no socket');
    const descriptor = openSync(namespacePath(box), 'r');
    exchange(socket, this.#lo);
    // The descriptor is the last attribute.
    new DataView(this.#veth.buffer).setUint32(this.#veth.length - 4, descriptor, true);
    exchange(this.#route, this.#veth);
    exchange(this.#route, this.#alias);
    for (const message of this.#inside) exchange(socket, message);
    exchange(this.#netfilter, this.#element);
    socket[Symbol.dispose]();
    closeSync(descriptor);
  }
}

function vethMessage(bridgeIndex: number): Uint8Array {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive;
  return encodeMessage(16, flags, (writer) => {
    const end = (name: string, address: MacAddress) => writer.text(3, name).u32(4, 1500).bytes(1, macToBytes(address));
    // veth.c takes the inner end's index only along with one for the outer end.
    writer.header.u32(0).i32(Floor.index).u32(1).u32(1);
    end('fla', outerMac);
    writer.u32(10, bridgeIndex).nested(18, (information) =>
      information.text(1, 'veth').nested(2, (data) =>
        data.nested(1, (peer) => {
          peer.header.u32(0).i32(Floor.index).u32(0).u32(0);
          end('eth0', innerMac);
          peer.u32(28, 0);
        }),
      ),
    );
  });
}

/** Send, and read the acknowledgement's error number only. */
function exchange(socket: NetlinkSocket, message: Uint8Array): void {
  socket.send(message);
  const answer = socket.receive();
  const error = new DataView(answer.buffer, answer.byteOffset).getInt32(16, true);
  if (error !== 0) throw new Error(`refused with ${error} (flags ${flagsOf(message)})`);
}

function clean(): void {
  for (const name of listNamespaces()) if (name.startsWith(base)) deleteNamespace(name);
}

/** Sorted, without the rounds in which the machine and the compiler warm up. */
function settled(values: readonly number[]): number[] {
  return values.slice(Math.min(10, values.length >> 1)).sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

function summary(sorted: readonly number[]): string {
  const [low = '', median = '', high = ''] = [0.1, 0.5, 0.9].map((part) => quantile(sorted, part).toFixed(2));
  return `median ${median} ms   p10 ${low}   p90 ${high}   rounds ${sorted.length}`;
}

async function main(): Promise<void> {
  using kernel = new Kernel(new Recorder());
  await kernel.apply(network.map((object) => ({ action: 'add', object })));
  const bridgeIndex = kernel.links(host).find(({ name }) => name === 'fl0')?.index ?? 0;
  const floor = new Floor(bridgeIndex);
  const times = { floor: [] as number[], kernel: [] as number[] };
  const attach = endpoint.map((object) => ({ action: 'add', object }) as const);
  const undo = [outer, element, { kind: 'namespace', namespace: box } as const].map(
    (object) => ({ action: 'remove', object }) as const,
  );
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? (['floor', 'kernel'] as const) : (['kernel', 'floor'] as const)) {
      const start = performance.now();
      if (which === 'floor') floor.attach();
      else await kernel.apply(attach);
      times[which].push(performance.now() - start);
      await kernel.apply(undo);
      // The namespace ends in the background, and takes the kernel's link lock while it does.
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
  const [bare = [], ours = []] = [times.floor, times.kernel].map(settled);
  console.log(`bare netlink  ${summary(bare)}`);
  console.log(`Kernel.apply  ${summary(ours)}`);
  console.log(`ratio         ${(quantile(ours, 0.5) / quantile(bare, 0.5)).toFixed(2)}`);
}

clean();
try {
  await main();
} finally {
  clean();
}
