import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMacAddress as mac } from '@fairlead/base';
import { sendFrames, testNames } from '@fairlead/kernel/testing';
import { PacketRing } from '@fairlead/kernel/tracing';
import { arpFrame, datagramFrame, neighborFrame, plainFrame, priorityTagged } from '../testing/frames.ts';
import { removeHost } from '../testing/kernel-inside.ts';
import { KernelLab } from '../testing/kernel-lab.ts';

/**
 * Frames really sent by a container that may send what it likes, to a neighbour that sees all that reaches it: first on a
 * network that lets all of them through, then with `com.fairlead.antispoof`.
 */

const NAMES = testNames('antispoof');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;
const clean = () => removeHost(HOST, PREFIX);
clean();
afterEach(clean);

const own = mac('02:42:0a:00:00:0a');
const victim = mac('02:42:0a:00:00:0b');
const stranger = mac('02:42:0a:00:00:cc');
const everybody = mac('ff:ff:ff:ff:ff:ff');
const toVictim = { from: own, to: victim };
const toAll = { from: own, to: everybody };
const automatic = 'fe80::42:aff:fe00:a';
const allNodes = 'ff02::1';

/** What is sent, and whether it may be. The neighbour is 10.9.7.11 and fd00:7::11, the gateway 10.9.7.1 and fd00:7::1. */
const frames: readonly (readonly [name: string, allowed: boolean, frame: Uint8Array])[] = [
  ['from its own address', true, datagramFrame(toVictim, '10.9.7.10', '10.9.7.11')],
  ['from its address on the other network', true, datagramFrame(toVictim, '10.9.8.10', '10.9.7.11')],
  ['from the link-local address that it was given', true, datagramFrame(toVictim, '169.254.7.7', '10.9.7.11')],
  ['from its own address, IPv6', true, datagramFrame(toVictim, 'fd00:7::10', 'fd00:7::11')],
  ['from its address on the other network, IPv6', true, datagramFrame(toVictim, 'fd00:8::10', 'fd00:7::11')],
  ['from its automatic address', true, datagramFrame(toVictim, automatic, 'fd00:7::11')],
  ['from the link-local address that it was given, IPv6', true, datagramFrame(toVictim, 'fe80::77', 'fd00:7::11')],
  ['asking for an address by DHCP', true, datagramFrame(toAll, '0.0.0.0', '255.255.255.255', 67)],
  ['a probe for a free address', true, arpFrame(toAll, 'request', { mac: own, ip: '0.0.0.0' }, '10.9.7.99')],
  ['a question for a neighbour', true, arpFrame(toAll, 'request', { mac: own, ip: '10.9.7.10' }, '10.9.7.11')],
  ['an announcement of its own', true, arpFrame(toAll, 'reply', { mac: own, ip: '10.9.7.10' }, '10.9.7.10')],
  [
    'a question for a neighbour, IPv6',
    true,
    neighborFrame(toAll, 'fd00:7::10', allNodes, { type: 135, target: 'fd00:7::11' }),
  ],
  [
    'an answer of its own, IPv6',
    true,
    neighborFrame(toVictim, 'fd00:7::10', 'fd00:7::11', { type: 136, target: 'fd00:7::10' }),
  ],
  ['whether its own address is free', true, neighborFrame(toAll, '::', allNodes, { type: 135, target: 'fd00:7::10' })],
  ['asking for a router', true, neighborFrame(toAll, '::', allNodes, { type: 133, target: '::' })],
  ['with the tag of VLAN 0, from its own', true, priorityTagged(datagramFrame(toVictim, '10.9.7.10', '10.9.7.11', 10))],

  ['from another hardware address', false, datagramFrame({ from: stranger, to: victim }, '10.9.7.10', '10.9.7.11')],
  ['from the neighbour’s address', false, datagramFrame(toAll, '10.9.7.11', '10.9.7.1')],
  ['from a second address', false, datagramFrame(toVictim, '10.9.7.12', '10.9.7.11')],
  ['from a second address, IPv6', false, datagramFrame(toVictim, 'fd00:7::12', 'fd00:7::11')],
  ['from another link-local address', false, datagramFrame(toVictim, 'fe80::1', 'fd00:7::11')],
  ['from nowhere', false, datagramFrame(toVictim, '0.0.0.0', '10.9.7.11')],
  ['from nowhere, IPv6', false, datagramFrame(toVictim, '::', 'fd00:7::11')],
  ['gratuitous for the gateway', false, arpFrame(toAll, 'reply', { mac: own, ip: '10.9.7.1' }, '10.9.7.1')],
  ['an answer for the gateway', false, arpFrame(toVictim, 'reply', { mac: own, ip: '10.9.7.1' }, '10.9.7.11')],
  ['a question as the gateway', false, arpFrame(toAll, 'request', { mac: own, ip: '10.9.7.1' }, '10.9.7.11')],
  [
    'an answer that puts it elsewhere',
    false,
    arpFrame(toVictim, 'reply', { mac: stranger, ip: '10.9.7.10' }, '10.9.7.11'),
  ],
  [
    'an advertisement of the gateway',
    false,
    neighborFrame(toAll, 'fd00:7::10', allNodes, { type: 136, target: 'fd00:7::1' }),
  ],
  [
    'an advertisement as the gateway',
    false,
    neighborFrame(toAll, 'fd00:7::1', allNodes, { type: 136, target: 'fd00:7::1' }),
  ],
  [
    'a question as the gateway, IPv6',
    false,
    neighborFrame(toAll, 'fd00:7::1', allNodes, { type: 135, target: 'fd00:7::11' }),
  ],
  [
    'whether the neighbour’s address is free',
    false,
    neighborFrame(toAll, '::', allNodes, { type: 135, target: 'fd00:7::11' }),
  ],
  ['as a router', false, neighborFrame(toAll, automatic, allNodes, { type: 134, target: '::' })],
  ['a redirection', false, neighborFrame(toVictim, automatic, 'fd00:7::11', { type: 137, target: automatic })],
  [
    'with the tag of VLAN 0, from another’s',
    false,
    priorityTagged(datagramFrame(toVictim, '10.9.7.12', '10.9.7.11', 10)),
  ],
  ['with two tags', false, priorityTagged(priorityTagged(datagramFrame(toVictim, '10.9.7.10', '10.9.7.11', 11)))],
  ['of another protocol', false, plainFrame(toVictim, 0x88b5, new Uint8Array(46))],
];

/** A network with the container that tries and the one that it is tried on, and another network. */
class Lab extends KernelLab {
  port = { web: '', db: '' };
  bridge = '';

  async build(): Promise<void> {
    const { controller } = this;
    await this.start();
    const dual = (third: number) => [{ subnet: `10.9.${third}.0/24` }, { subnet: `fd00:${third}::/64` }];
    const held = await controller.createNetwork({ name: 'held', ipv6: true, ipam: { config: dual(7) } });
    await controller.createNetwork({ name: 'other', ipv6: true, ipam: { config: dual(8) } });
    this.bridge = held.bridge?.name ?? '';
    const addresses = (third: number, host: number) => ({
      ipv4Address: `10.9.${third}.${host}`,
      ipv6Address: `fd00:${third}::${host}`,
    });
    const linkLocalAddresses = ['169.254.7.7', 'fe80::77'];
    const web = await this.join('web', 'held', { ...addresses(7, 10), macAddress: own, linkLocalAddresses });
    await this.join('web', 'other', addresses(8, 10));
    const db = await this.join('db', 'held', { ...addresses(7, 11), macAddress: victim });
    this.port = { web: web.hostInterface ?? '', db: db.hostInterface ?? '' };
  }

  /** Send every frame from one to the other, and name those that arrive there. */
  async arriving(): Promise<string[]> {
    const everything = [{ code: 0x06, jt: 0, jf: 0, k: 0xffff }];
    const cable = this.linkIndex('db', 'eth0');
    using ring = this.inside('db', () => new PacketRing({ link: cable, program: everything }));
    const seen: string[] = [];
    const arrived = (frame: Uint8Array) => seen.some((text) => text.startsWith(frame.toHex()));
    const last = datagramFrame(toVictim, '10.9.7.10', '10.9.7.11', 12);
    const index = this.linkIndex('web', 'eth0');
    this.inside('web', () => sendFrames(index, [...frames.map(([, , frame]) => frame), last]));
    for (let attempt = 0; attempt < 500 && !arrived(last); attempt++) {
      await sleep(10);
      ring.take(({ bytes }) => void seen.push(bytes.toHex()));
    }
    assert.ok(arrived(last));
    return frames.flatMap(([name, , frame]) => (arrived(frame) ? [name] : []));
  }

  /** The port by which the bridge would send what is for the neighbour. */
  portOfVictim(): string {
    const entries: { mac: string; ifname: string; flags: string[] }[] = JSON.parse(
      this.run('', 'bridge', '-j', 'fdb', 'show', 'br', this.bridge),
    );
    return entries.find((entry) => entry.mac === victim && !entry.flags.includes('self'))?.ifname ?? '';
  }

  /** What no rule of a bridge gets to see, and a bridge learns from all the same (net/bridge/br_input.c). */
  sendToLinkLayerNeighbor(): void {
    const frame = plainFrame({ from: victim, to: mac('01:80:c2:00:00:0e') }, 0x88cc, new Uint8Array(46));
    const index = this.linkIndex('web', 'eth0');
    this.inside('web', () => sendFrames(index, [frame]));
  }
}

const option = 'com.fairlead.antispoof';

test('of all that a container can send only what is its own arrives, and everything where nobody asked for that', async () => {
  using lab = new Lab(HOST, PREFIX);
  await lab.build();
  for (const way of ['10.9.7.11', 'fd00:7::11']) assert.ok(lab.reaches('web', way));
  assert.deepEqual(
    await lab.arriving(),
    frames.map(([name]) => name),
    'all of them are frames that get through',
  );
  // Sent anew for each look: what the neighbour sends in between takes it back.
  let stolenBy = '';
  for (let attempt = 0; attempt < 500 && stolenBy !== lab.port.web; attempt++) {
    lab.sendToLinkLayerNeighbor();
    stolenBy = lab.portOfVictim();
    await sleep(10);
  }
  assert.equal(stolenBy, lab.port.web, 'the neighbour’s traffic can be stolen');

  await lab.controller.updateNetwork('held', { options: { [option]: 'true' } });
  assert.deepEqual(
    await lab.arriving(),
    frames.flatMap(([name, allowed]) => (allowed ? [name] : [])),
  );
  lab.sendToLinkLayerNeighbor();
  for (const way of ['10.9.7.11', 'fd00:7::11', '10.9.7.1', 'fd00:7::1', '10.9.8.1', 'fd00:8::1'])
    assert.ok(lab.reaches('web', way));
  for (const way of ['10.9.7.10', 'fd00:7::10', '10.9.8.10', 'fd00:8::10']) assert.ok(lab.reaches('', way));
  assert.ok(lab.reaches('db', `${automatic}%eth0`));
  assert.equal(lab.portOfVictim(), lab.port.db);
  assert.deepEqual(await lab.controller.repair(), [], 'what is there is what is wanted');

  lab.run('web', 'ip', 'link', 'set', 'eth0', 'address', stranger);
  assert.ok(!lab.reaches('web', '10.9.7.11', 1));
  lab.run('web', 'ip', 'link', 'set', 'eth0', 'address', own);
  assert.ok(lab.reaches('web', '10.9.7.11'));
});
