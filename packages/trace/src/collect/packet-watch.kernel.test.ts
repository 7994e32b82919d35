import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type IpAddress, parseIpAddress } from '@fairlead/base';
import { createNamespace, deleteNamespace, Kernel, OpenNamespace, Recorder } from '@fairlead/kernel';
import { sendRawPacket } from '@fairlead/kernel/tracing';
import { dumpChainsMessage, summarizeChain } from '@fairlead/netlink';
import { sightingsOf } from '../model/sightings.ts';
import type { ProbeProtocol } from '../packet/packet-header.ts';
import { probePacket } from '../packet/probe-packet.ts';
import { layoutFrom } from './layout-source.ts';
import { watchPackets } from './packet-watch.ts';
import { watchRules } from './rule-watch.ts';

const name = `fl-test-trace-${process.pid}`;
let namespace: OpenNamespace;

before(async () => {
  deleteNamespace(name);
  createNamespace(name);
  namespace = new OpenNamespace(name);
  using kernel = new Kernel(new Recorder());
  // Adding a namespace that is there brings its loopback up.
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: name } }]);
});

after(() => {
  namespace[Symbol.dispose]();
  deleteNamespace(name);
});

function send(protocol: ProbeProtocol, address: IpAddress, tag: number): void {
  const ends = { source: address, destination: address, sourcePort: 40_000, destinationPort: 9 };
  namespace.enter(() => sendRawPacket(probePacket({ protocol, ...ends, tag }), address));
}

const cases: [protocol: ProbeProtocol, address: string, drop: string | undefined][] = [
  ['tcp', '127.0.0.1', 'NO_SOCKET'],
  ['tcp', '::1', 'NO_SOCKET'],
  ['udp', '127.0.0.1', 'NO_SOCKET'],
  ['udp', '::1', 'NO_SOCKET'],
  ['icmp', '127.0.0.1', undefined],
  ['icmp', '::1', undefined],
];

for (const [index, [protocol, address, drop]] of cases.entries()) {
  test(`a probe by ${protocol} to ${address} is seen leaving, arriving and ending`, () => {
    const tag = 0x0c0f0010 + index * 0x100000;
    using watch = watchPackets(tag);
    assert.deepEqual(watch.missing, []);
    send(protocol, parseIpAddress(address), tag);
    send(protocol, parseIpAddress(address), tag + 0x800);
    watch.drain();
    const requests = sightingsOf(watch.events, tag, watch.reasons).filter(({ role }) => role === 'request');
    assert.deepEqual(
      requests.slice(0, 2).map(({ event, device }) => [event, device?.name]),
      [
        ['sent', 'lo'],
        ['received', 'lo'],
      ],
    );
    const end = requests.at(-1);
    assert.equal(end?.reason, drop);
    assert.match(end?.function ?? '', /rcv/, 'the kernel names its function');
    assert.equal(requests.filter(({ event }) => event === 'sent').length, 1, 'packets with another tag are not seen');
  });
}

test('watches at the same time, and one after the other with the same programs, see their packets', () => {
  const address = parseIpAddress('127.0.0.1');
  for (const round of [1, 2, 3]) {
    const tags = [0x3a5c0000 + round * 0x1000, 0x3b5c0000 + round * 0x1000] as const;
    using first = watchPackets(tags[0]);
    using second = watchPackets(tags[1]);
    for (const tag of tags) send('udp', address, tag);
    for (const [watch, tag] of [[first, tags[0]] as const, [second, tags[1]] as const]) {
      watch.drain();
      const events = sightingsOf(watch.events, tag, watch.reasons).map(({ event }) => event);
      assert.deepEqual(events.slice(0, 2), ['sent', 'received'], `round ${round}`);
    }
  }
});

test('nothing is seen once the watch is over', () => {
  const tag = 0x0dead000;
  const watch = watchPackets(tag);
  watch[Symbol.dispose]();
  send('icmp', parseIpAddress('127.0.0.1'), tag);
  watch.drain();
  assert.deepEqual(watch.events, []);
});

test('rules are told with their table, chain and verdict, and only for packets with the tag', () => {
  const tag = 0x0bee0000;
  using watch = watchRules(tag, { everywhere: true });
  watch.add([{ namespace, inode: 1, devices: ['lo'], tunnels: [] }]);
  assert.deepEqual(watch.missing, []);
  send('tcp', parseIpAddress('::1'), tag);
  send('tcp', parseIpAddress('::1'), tag + 0x800);
  watch.drain();
  const seen = watch.events.map(({ family, chain, type }) => `${family} ${chain} ${type}`);
  assert.ok(seen.includes('inet output rule') && seen.includes('netdev ingress0 rule'), seen.join('\n'));
  assert.equal(
    seen.filter((event) => event === 'inet output policy').length,
    2,
    'the probe and the reset that answers it',
  );
});

test('tracing is switched on where somebody has rules, and nowhere else', () => {
  const tag = 0x0bed0000;
  const nft = (rules: string) => execFileSync('nsenter', [`--net=/run/netns/${name}`, 'nft', rules]);
  const chains = () => namespace.netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
  const ours = () =>
    chains()
      .filter(({ table }) => table !== 'others')
      .map(({ family, hook }) => `${family} ${hook}`);
  const expected: [rules: string, made: readonly string[], seen: readonly string[]][] = [
    ['add table ip others; add chain ip others unused', [], []],
    [
      'add table ip others; add chain ip others hooked { type filter hook output priority 0; }',
      ['inet prerouting', 'inet output'],
      ['ip hooked'],
    ],
    [
      'add table netdev others; add chain netdev others hooked { type filter hook ingress device lo priority 0; }',
      ['inet prerouting', 'inet output', 'bridge prerouting', 'bridge output', 'netdev ingress'],
      ['netdev hooked'],
    ],
  ];
  for (const [rules, made, seen] of expected) {
    nft(rules);
    {
      using watch = watchRules(tag);
      watch.add([{ namespace, inode: 1, devices: ['lo'], tunnels: [] }]);
      assert.deepEqual(watch.missing, []);
      assert.deepEqual(ours(), made, rules);
      send('udp', parseIpAddress('127.0.0.1'), tag);
      watch.drain();
      const others = watch.events.filter(({ table }) => table === 'others');
      assert.deepEqual([...new Set(others.map(({ family, chain }) => `${family} ${chain}`))], seen, rules);
    }
    nft('flush ruleset');
  }
});

test('the layout of the kernel is kept in a file, which is made anew when it is of no use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-layout-'));
  try {
    const path = join(folder, 'layout.json');
    const found = layoutFrom(path);
    const kept = readFileSync(path, 'utf8');
    assert.deepEqual(layoutFrom(path), found);
    writeFileSync(path, kept.replace('"kernel":"', '"kernel":"another '));
    assert.deepEqual(layoutFrom(path), found);
    assert.equal(readFileSync(path, 'utf8'), kept);
    assert.deepEqual(layoutFrom(join(folder, 'nowhere', 'layout.json')), found);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
