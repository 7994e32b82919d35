import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClassicInstruction, linkLocalAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { readLinkMessage } from '@fairlead/base/frame';
import fc from 'fast-check';
import { claimantOf, probeFrame } from './address-probe.ts';
import { datagramFrame, readDatagram } from './datagram.ts';
import { type Dhcp4Message, decodeDhcp4, encodeDhcp4 } from './dhcp4-message.ts';
import { decodeRoutes, maskLengthIn, searchIn } from './dhcp4-option.ts';
import { type Dhcp6Message, decodeDhcp6, encodeDhcp6 } from './dhcp6-message.ts';
import { decodeNames, encodeName } from './domain-names.ts';
import { claimFilter, claimType, linkFilter } from './link-filter.ts';
import { MalformedMessage } from './malformed-message.ts';
import { decodeAdvertisement, readAdvertisement } from './router-advertisement.ts';
import { announcement, claim, identity, reply4, reply6, serverMac } from './testing/samples.ts';

const octets = fc.uint8Array({ maxLength: 400 });
const router = linkLocalAddress(serverMac);

/** Runs a decoder; only the codec's own error may come out of it. */
function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(error instanceof MalformedMessage, `${error}`);
  }
}

describe('the codecs', () => {
  const decoders = {
    decodeDhcp4,
    decodeDhcp6,
    decodeNames,
    decodeRoutes,
    decodeAdvertisement: (bytes: Uint8Array) => decodeAdvertisement(bytes, router),
  };
  for (const [name, decode] of Object.entries(decoders)) {
    test(`${name} reads any octets or says that they are malformed`, () => {
      fc.assert(fc.property(octets, (bytes) => survives(decode, bytes)));
    });
  }

  test('messages that are cut off or changed anywhere are read or called malformed, and frames never are an error', () => {
    const frames = [
      reply4(7, '192.0.2.9', { 53: [5], 51: [0, 0, 0, 9], 119: [3, 108, 97, 110, 0], 121: [0, 192, 0, 2, 1] }),
      reply6({ type: 7, transaction: 9, search: ['lan.example'], nameServers: [parseIpAddress('2001:db8::53')] }),
      announcement({ managed: true, autonomous: true }),
      claim(parseIpAddress('192.0.2.9')),
      claim(parseIpAddress('2001:db8::9')),
    ];
    const place = fc.record({
      frame: fc.constantFrom(...frames),
      at: fc.nat(600),
      value: fc.nat(255),
      end: fc.nat(600),
    });
    fc.assert(
      fc.property(place, ({ frame, at, value, end }) => {
        const changed = Uint8Array.from(frame.subarray(0, end));
        if (at < changed.length) changed[at] = value;
        readAdvertisement(changed);
        for (const address of ['192.0.2.9', '2001:db8::9']) claimantOf(changed, parseIpAddress(address), identity.mac);
        readLinkMessage(changed);
        const datagram = readDatagram(changed);
        if (datagram === undefined) return;
        survives(decodeDhcp4, datagram.payload);
        survives(decodeDhcp6, datagram.payload);
      }),
    );
  });

  test('a message of DHCPv4 is read back as it was written, options of any length too', () => {
    const option = fc.tuple(fc.integer({ min: 1, max: 51 }), fc.uint8Array({ minLength: 1, maxLength: 600 }));
    fc.assert(
      fc.property(fc.array(option, { maxLength: 3 }), fc.nat(0xffff_ffff), (options, transaction) => {
        const message: Dhcp4Message = {
          ...{ kind: 'reply', transaction, seconds: 3, mac: identity.mac, options: new Map(options) },
          ...{ clientAddress: parseIpAddress('192.0.2.7'), yourAddress: parseIpAddress('192.0.2.9') },
        };
        assert.deepEqual(decodeDhcp4(encodeDhcp4(message)), message);
      }),
    );
  });

  test('a message of DHCPv6 is read back as it was written', () => {
    const addresses = [{ address: parseIpAddress('2001:db8::9'), validSeconds: 600 }];
    const message: Dhcp6Message = {
      ...{ type: 7, transaction: 0xabcdef, client: identity.duid, server: Uint8Array.of(1, 2), status: 2 },
      association: { iaid: identity.iaid, renewSeconds: 1, rebindSeconds: 2, addresses },
      ...{ nameServers: [parseIpAddress('2001:db8::53')], search: ['lan.example', 'example'] },
    };
    assert.deepEqual(decodeDhcp6(encodeDhcp6(message)), message);
  });

  test('options go on in the fields that the message says', () => {
    const plain = reply4(7, '192.0.2.9', { 52: [3] });
    const payload = Uint8Array.from(readDatagram(plain)?.payload ?? []);
    payload.set([15, 3, 108, 97, 110, 255], 108);
    payload.set([26, 2, 5, 120, 255], 44);
    const { options } = decodeDhcp4(payload);
    assert.deepEqual([searchIn(options), [...(options.get(26) ?? [])]], [['lan'], [5, 120]]);
  });

  test('masks with holes are none', () => {
    const length = (...mask: number[]) => maskLengthIn(new Map([[1, Uint8Array.from(mask)]]));
    assert.deepEqual(
      [length(255, 255, 255, 0), length(255, 255, 240, 0), length(255, 0, 255, 0), length(0, 0, 0, 0), length(255)],
      [24, 20, undefined, undefined, undefined],
    );
  });

  test('classless routes are read with what is on the link, and their hosts’ bits are passed over', () => {
    const routes = decodeRoutes(
      Uint8Array.of(0, 192, 0, 2, 1, 20, 172, 16, 31, 192, 0, 2, 2, 24, 10, 0, 0, 0, 0, 0, 0),
    );
    assert.deepEqual(routes, [
      { destination: '0.0.0.0/0', via: '192.0.2.1' },
      { destination: '172.16.16.0/20', via: '192.0.2.2' },
      { destination: '10.0.0.0/24' },
    ]);
    assert.throws(() => decodeRoutes(Uint8Array.of(33, 0, 0, 0, 0, 0, 0, 0, 0, 0)), MalformedMessage);
  });

  test('names may point back, but not without end', () => {
    const name = [3, 108, 97, 110, 2, 109, 101, 0];
    assert.deepEqual(decodeNames(Uint8Array.from([...name, 1, 97, 0xc0, 4])), ['lan.me', 'a.me']);
    assert.throws(() => decodeNames(Uint8Array.of(0xc0, 0)), MalformedMessage);
    assert.throws(() => decodeNames(Uint8Array.of(3, 10, 97, 98, 0)), MalformedMessage);
    assert.deepEqual([...encodeName('a.b', true)], [1, 97, 1, 98, 0]);
  });
});

describe('a router’s announcement', () => {
  const flags = { managed: false, autonomous: true };
  /** DNSSL (RFC 8106, 5.2). */
  const domains = (seconds: number, ...names: readonly number[]) =>
    Uint8Array.of(31, 3, 0, 0, 0, 0, 0, seconds, ...names, ...new Array<number>(16 - names.length).fill(0));
  const lan = [3, 108, 97, 110, 0];
  const searched = (more: Uint8Array) => readAdvertisement(announcement(flags, more))?.search;

  test('has the domains that it does not take back', () => {
    assert.deepEqual([searched(domains(9, ...lan)), searched(domains(0, ...lan))], [['lan'], []]);
  });

  test('counts also where a domain in it is no name, as a message of DHCPv6 does', () => {
    assert.deepEqual(searched(domains(9, 2, 10, 97, 0)), []);
    const payload = encodeDhcp6({ type: 7, transaction: 9, nameServers: [], search: ['a b'] });
    assert.deepEqual(decodeDhcp6(payload).search, []);
  });

  test('is none with a code (RFC 4861, 6.1.2)', () => {
    const frame = announcement(flags);
    assert.ok(readAdvertisement(frame));
    frame[55] = 1;
    assert.equal(readAdvertisement(frame), undefined);
  });
});

/** What the kernel would do with a frame: 0 passes it over. */
function filtered(frame: Uint8Array, program: readonly ClassicInstruction[] = linkFilter): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let [accumulator, index] = [0, 0];
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = program[at] ?? assert.fail('it ends');
    const size = code === 0x30 ? 1 : code === 0x20 ? 4 : 2;
    if (code === 0x06) return k;
    if (code === 0xb1) index = (view.getUint8(k) & 15) * 4;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? jt : jf;
    else {
      const from = code === 0x48 ? k + index : k;
      if (from + size > frame.length) return 0;
      accumulator = size === 1 ? view.getUint8(from) : size === 2 ? view.getUint16(from) : view.getUint32(from);
    }
  }
}

test('the filter lets through what a client is meant with, and nothing else', () => {
  const udp = (port: number, family: 4 | 6) =>
    datagramFrame({
      ...{ sourceMac: serverMac, destinationMac: parseMacAddress('ff:ff:ff:ff:ff:ff'), payload: new Uint8Array(9) },
      source: parseIpAddress(family === 4 ? '192.0.2.1' : '2001:db8::1'),
      destination: parseIpAddress(family === 4 ? '192.0.2.9' : '2001:db8::9'),
      ...{ sourcePort: 67, destinationPort: port },
    });
  const fragment = udp(68, 4);
  fragment[20] = 0x20;
  const neighbours = ['192.0.2.9', '2001:db8::9'].map((address) => parseIpAddress(address));
  const probes = neighbours.map((address) => probeFrame(address, serverMac));
  const claims = neighbours.map((address) => claim(address));
  const question = claim(parseIpAddress('192.0.2.9'));
  question[21] = 1;
  const announced = announcement({ managed: false, autonomous: false });
  const passed = [udp(68, 4), udp(546, 6), announced, ...probes, ...claims].map((frame) => filtered(frame));
  const dropped = [udp(67, 4), udp(546, 4), udp(68, 6), fragment, question, new Uint8Array(60)].map((frame) =>
    filtered(frame),
  );
  assert.deepEqual([passed.every((length) => length > 0), dropped], [true, [0, 0, 0, 0, 0, 0]]);
});

test('the filter for who else uses an address lets through what says so of that address, and nothing of ours', () => {
  for (const [text, near] of [
    ['192.0.2.9', '192.0.2.8'],
    ['2001:db8::9', '2001:db8:1::9'],
  ] as const) {
    const [address, other] = [parseIpAddress(text), parseIpAddress(near)];
    const program = claimFilter(address, identity.mac);
    assert.ok(filtered(claim(address), program) > 0);
    const similar = parseMacAddress(identity.mac.replace(/.$/, '6'));
    assert.ok(filtered(claim(address, similar), program) > 0);
    const [probe, own] = [probeFrame(address, serverMac), claim(address, identity.mac)];
    const noise = [claim(other), probe, own, new Uint8Array(90), new Uint8Array(3)];
    assert.deepEqual(
      noise.map((frame) => filtered(frame, program)),
      [0, 0, 0, 0, 0],
    );
    assert.equal(new DataView(claim(address).buffer).getUint16(12), claimType(address));
  }
});
