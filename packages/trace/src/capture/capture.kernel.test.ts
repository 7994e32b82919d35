import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { deleteNamespace, enterNamespace, Kernel, namespacePath, OpenNamespace, Recorder } from '@fairlead/kernel';
import { sendFrames } from '@fairlead/kernel/testing';
import { sendRawPacket } from '@fairlead/kernel/tracing';
import type { LinkObject } from '@fairlead/netlink';
import type { Directory } from '../model/directory.ts';
import { readPacketHeader } from '../packet/packet-header.ts';
import { probePacket } from '../packet/probe-packet.ts';
import { capturePackets } from './capture.ts';
import { PcapngReader, type ReadPacket } from './pcapng-reader.ts';

const name = `fl-test-capture-${process.pid}`;
const directory: Directory = {
  containers: [{ name: 'web', id: 'abcdef', namespace: name, attachments: [], publications: [] }],
  networks: [],
};

const linkBase = { kind: 'link', namespace: name, up: true } as const;

before(async () => {
  deleteNamespace(name);
  using kernel = new Kernel(new Recorder());
  // Adding a namespace brings its loopback up.
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
  const cable = { kind: 'veth', peer: { namespace: name, name: 'far' } } as const;
  const ends: LinkObject[] = [
    { ...linkBase, name: 'near', type: cable },
    { ...linkBase, name: 'far', type: { kind: 'veth' } },
  ];
  await kernel.apply(ends.map((object) => ({ action: 'add', object })));
});

after(() => deleteNamespace(name));

function send(protocol: 'tcp' | 'udp' | 'icmp', text: string, destinationPort = 0, size?: number): void {
  const address = parseIpAddress(text);
  const ends = { source: address, destination: address, sourcePort: 4000, destinationPort };
  const packet = probePacket({ protocol, ...ends, tag: 7, ...(size !== undefined && { size }) });
  enterNamespace(namespacePath(name), () => sendRawPacket(packet, address));
}

/** Everything that is sent while a filter captures, until a moment of silence. */
async function captured(
  filter: string,
  work: () => void,
  snapLength?: number,
): Promise<ReadPacket[] & { dropped?: number }> {
  const request = { target: 'web', filter, duration: 200, ...(snapLength !== undefined && { snapLength }) };
  const file = capturePackets(request, directory, new AbortController().signal);
  work();
  const reader = new PcapngReader();
  const packets: ReadPacket[] = [];
  for await (const piece of file) packets.push(...reader.read(piece));
  return Object.assign(packets, reader.dropped === undefined ? {} : { dropped: reader.dropped });
}

function sendAll(): void {
  for (const address of ['127.0.0.1', '::1']) {
    send('tcp', address, 80);
    send('udp', address, 53);
    send('icmp', address);
  }
}

/** `tcp 80 127.0.0.1` of packets on their way out. */
function described(packets: readonly ReadPacket[]): string[] {
  const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp' };
  return packets
    .filter(({ direction }) => direction === 'out')
    .flatMap(({ packet }) => readPacketHeader(packet) ?? [])
    .filter(({ type, flags }) => (type === undefined || type === 8 || type === 128) && flags?.includes('RST') !== true)
    .map(({ protocol, destinationPort, destination }) => `${names[protocol]} ${destinationPort ?? '-'} ${destination}`);
}

const cases: [filter: string, wanted: string[]][] = [
  ['tcp dst port 80', ['tcp 80 127.0.0.1', 'tcp 80 ::1']],
  ['udp and port 53 and src 4000::1 or udp port 53', ['udp 53 127.0.0.1', 'udp 53 ::1']],
  ['icmp', ['icmp - 127.0.0.1']],
  ['icmp6', ['icmp - ::1']],
  ['host ::1 and not icmp6 and dst port 53', ['udp 53 ::1']],
  ['net 127.0.0.0/8 and not (tcp or icmp)', ['udp 53 127.0.0.1']],
  ['udp dst portrange 50-60 or tcp dst portrange 90-81', ['udp 53 127.0.0.1', 'udp 53 ::1']],
  ['ether host 00:00:00:00:00:00 and dst port 80', ['tcp 80 127.0.0.1', 'tcp 80 ::1']],
  ['ether src 02:42:0a:09:01:02', []],
  ['dst port 80 and greater 74', ['tcp 80 ::1']],
  ['dst port 80 and less 54', ['tcp 80 127.0.0.1']],
  ['udp and vlan', []],
];

for (const [filter, wanted] of cases) {
  test(`the kernel lets through what "${filter}" wants`, async () => {
    assert.deepEqual(described(await captured(filter, sendAll)), wanted);
  });
}

/** Frames with and without a VLAN's tag. At the near end the tag is in the frame, at the far end the kernel keeps it beside. */
function sendTagged(): void {
  const address = parseIpAddress('192.0.2.1');
  const ends = { source: address, destination: address, sourcePort: 4000 };
  const frame = (destinationPort: number, type: string) =>
    Buffer.concat([
      Buffer.from(`02420a09010302420a090102${type}0800`, 'hex'),
      probePacket({ protocol: 'udp', ...ends, destinationPort, tag: 7, size: destinationPort }),
    ]);
  using namespace = new OpenNamespace(name);
  const frames = [frame(50, ''), frame(51, '81000005'), frame(52, '8100e006')];
  const near = namespace.linkIndex('near');
  namespace.enter(() => sendFrames(near, frames));
}

const tagCases: [filter: string, ports: number[]][] = [
  ['ether src 02:42:0a:09:01:02', [50, 51, 52]],
  ['vlan', [51, 52]],
  ['vlan 5', [51]],
  ['vlan 5 or vlan 6', [51, 52]],
  ['udp and not vlan', [50]],
  ['vlan and udp portrange 52-60', [52]],
];

for (const [filter, ports] of tagCases) {
  test(`the kernel lets through what "${filter}" wants of VLANs, on the way out and in`, async () => {
    const packets = await captured(filter, sendTagged);
    for (const direction of ['out', 'in']) {
      const seen = packets.filter((each) => each.direction === direction);
      const expected = ports.map((port) => port + (port === 50 ? 14 : 18));
      const lengths = seen.map(({ length }) => length);
      assert.deepEqual(lengths, expected, direction);
    }
  });
}

test('each packet has its interface, direction, time and length; only what is wanted of it is kept', async () => {
  const [packet] = await captured('udp', () => send('udp', '127.0.0.1', 9, 500), 64);
  assert.ok(packet);
  assert.equal(packet.interface, 'web:lo');
  assert.equal(packet.direction, 'out');
  assert.deepEqual([packet.length, packet.packet.length], [514, 50]);
  assert.ok(Math.abs(Number(packet.time / 1_000_000n) - Date.now()) < 60_000);
});

test('a capture ends after as many packets as were asked for', async () => {
  const request = { target: 'web', filter: 'udp', count: 3 };
  const file = capturePackets(request, directory, new AbortController().signal);
  for (let sent = 0; sent < 5; sent++) send('udp', '127.0.0.1', 9);
  const reader = new PcapngReader();
  for await (const piece of file) reader.read(piece);
  assert.deepEqual([reader.packets, reader.dropped], [3, 0]);
});

test('what nobody takes in time is dropped and counted', async () => {
  const packets = await captured('udp', () => {
    for (let sent = 0; sent < 1200; sent++) send('udp', '127.0.0.1', 9, 60_000);
  });
  assert.ok((packets.dropped ?? 0) > 0, 'nothing was dropped');
});

test('a capture that is given up ends, whether it was begun or not', async () => {
  const request = { target: 'web', filter: '' };
  const abort = new AbortController();
  const [begun, unbegun] = [0, 1].map(() => capturePackets(request, directory, abort.signal));
  assert.ok(begun && unbegun);
  await begun.next();
  const rest = begun.next();
  abort.abort();
  await rest;
  for await (const _ of begun);
  for await (const _ of unbegun);
});

const refused: [target: string, says: RegExp][] = [
  ['nobody', /No such container or network: nobody/],
  ['web', /No such interface in web: eth9/],
];

for (const [target, says] of refused) {
  test(`a capture of ${target} is refused: ${says.source}`, () => {
    const request = { target, filter: '', interface: 'eth9' };
    assert.throws(() => capturePackets(request, directory, new AbortController().signal), says);
  });
}
