import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClassicInstruction, type IpAddress, parseIpAddress } from '@fairlead/base';
import { parseFilter } from './filter.ts';
import { compileFilter } from './filter-program.ts';

const names: Readonly<Record<string, readonly IpAddress[]>> = {
  db: [parseIpAddress('10.9.1.3'), parseIpAddress('fd00::3')],
};

function program(text: string, snapLength?: number): ClassicInstruction[] {
  return compileFilter(
    parseFilter(text, (name) => names[name] ?? []),
    snapLength,
  );
}

interface Packet {
  readonly type: number;
  /** From its network header on. */
  readonly bytes: Uint8Array;
  /** Header of the link; none where links have none. */
  readonly link?: Uint8Array;
  /** What the kernel keeps beside the packet. */
  readonly tag?: number;
}

/** What the kernel does with a packet (net/core/filter.c). */
function run(instructions: readonly ClassicInstruction[], packet: Packet): number {
  const { type, bytes, link = new Uint8Array(), tag } = packet;
  const frame = Buffer.concat([link, bytes]);
  const beside: Readonly<Record<number, number>> = {
    0: type,
    28: link.length > 0 ? 1 : 0xfffe,
    44: tag ?? 0,
    48: Number(tag !== undefined),
  };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const sizes: Readonly<Record<number, number>> = { 32: 4, 40: 2, 72: 2, 48: 1, 177: 1 };
  let [accumulator, index] = [0, 0];
  for (let at = 0; at < instructions.length; at++) {
    const { code, jt, jf, k } = instructions[at] ?? assert.fail('ran past the end');
    const place = (k | 0) >= -0x1000 ? beside[(k | 0) + 0x1000] : undefined;
    const start = (k | 0) < -0x100000 ? (k | 0) + 0x200000 : (k | 0) + 0x100000 + link.length;
    const offset = code === 0x48 ? start + index : start;
    const size = sizes[code] ?? 0;
    // A load from beyond the packet ends the program.
    if (size > 0 && place === undefined && offset + size > frame.length) return 0;
    if (code === 0x80) accumulator = frame.length;
    else if (code === 0xb1) index = (view.getUint8(offset) & 15) * 4;
    else if (size > 0) accumulator = place ?? Number.parseInt(frame.toString('hex', offset, offset + size), 16);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x25) at += accumulator > k ? jt : jf;
    else if (code === 0x35) at += accumulator >= k ? jt : jf;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? jt : jf;
    else if (code === 0x06) return k;
    else assert.fail(`instruction ${code}`);
  }
  return assert.fail('no end');
}

/** Bytes written in hexadecimal. */
function hex(...words: string[]): Buffer {
  return Buffer.from(words.join('').replaceAll(/[: ]/g, ''), 'hex');
}

/** An IPv4 packet; options make its header longer. */
function ip4(protocol: number, [from, to]: [string, string], ports: [number, number] = [0, 0], fragment = 0): Packet {
  const bytes = Buffer.alloc(40);
  bytes[0] = 0x46;
  bytes.writeUInt16BE(fragment, 6);
  bytes[9] = protocol;
  for (const [index, part] of [...from.split('.'), ...to.split('.')].entries()) bytes[12 + index] = Number(part);
  bytes.writeUInt16BE(ports[0], 24);
  bytes.writeUInt16BE(ports[1], 26);
  return { type: 0x0800, bytes };
}

/** An IPv6 packet between `fd00::N` and `fd00::M`. */
function ip6(protocol: number, [from, to]: [number, number], ports: [number, number] = [0, 0]): Packet {
  const bytes = Buffer.alloc(60);
  bytes[0] = 0x60;
  bytes[6] = protocol;
  for (const [at, last] of [
    [8, from],
    [24, to],
  ] as const) {
    bytes[at] = 0xfd;
    bytes[at + 15] = last;
  }
  bytes.writeUInt16BE(ports[0], 40);
  bytes.writeUInt16BE(ports[1], 42);
  return { type: 0x86dd, bytes };
}

function arp(from: string, to: string): Packet {
  const bytes = Buffer.alloc(28);
  for (const [index, part] of from.split('.').entries()) bytes[14 + index] = Number(part);
  for (const [index, part] of to.split('.').entries()) bytes[24 + index] = Number(part);
  return { type: 0x0806, bytes };
}

const [web, db, far] = ['10.9.1.2', '10.9.1.3', '192.0.2.1'] as const;
const packets: Readonly<Record<string, Packet>> = {
  request: ip4(6, [web, db], [4000, 80]),
  answer: ip4(6, [db, web], [80, 4000]),
  query: ip4(17, [web, far], [5000, 53]),
  echo: ip4(1, [web, far]),
  later: ip4(6, [web, db], [4000, 80], 100),
  first: ip4(6, [web, db], [4000, 80], 0x2000),
  arp: arp(web, db),
  request6: ip6(6, [2, 3], [4000, 80]),
  query6: ip6(17, [2, 9], [5000, 53]),
  echo6: ip6(58, [2, 9]),
  other: { type: 0x88cc, bytes: Buffer.alloc(20) },
};

const cases: [filter: string, wanted: string[]][] = [
  ['', Object.keys(packets)],
  ['ip', ['request', 'answer', 'query', 'echo', 'later', 'first']],
  ['ip6', ['request6', 'query6', 'echo6']],
  ['arp', ['arp']],
  ['icmp or icmp6', ['echo', 'echo6']],
  ['tcp', ['request', 'answer', 'later', 'first', 'request6']],
  ['port 80', ['request', 'answer', 'first', 'request6']],
  ['dst port 80', ['request', 'first', 'request6']],
  ['src port 80', ['answer']],
  ['udp port 53', ['query', 'query6']],
  ['tcp port 53', []],
  ['host 192.0.2.1', ['query', 'echo']],
  ['192.0.2.1', ['query', 'echo']],
  ['host db', ['request', 'answer', 'later', 'first', 'arp', 'request6']],
  ['src host db', ['answer']],
  ['dst fd00::9', ['query6', 'echo6']],
  ['net 10.9.1.0/24', ['request', 'answer', 'query', 'echo', 'later', 'first', 'arp']],
  ['dst net 10.9.0.0/16', ['request', 'answer', 'later', 'first', 'arp']],
  ['net fd00::/8', ['request6', 'query6', 'echo6']],
  ['net 0.0.0.0/0', ['request', 'answer', 'query', 'echo', 'later', 'first', 'arp']],
  ['not ip and not ip6', ['arp', 'other']],
  ['host db and not port 80', ['later', 'arp']],
  ['tcp port 80 and src 10.9.1.2 or arp', ['request', 'first', 'arp']],
  ['tcp and (src 10.9.1.2 or dst fd00::3)', ['request', 'later', 'first', 'request6']],
  ['!(tcp||udp) && host 10.9.1.2', ['echo', 'arp']],
  ['tcp host db', ['request', 'answer', 'later', 'first', 'request6']],
  ['portrange 50-90', ['request', 'answer', 'query', 'first', 'request6', 'query6']],
  ['dst portrange 80-50', ['request', 'query', 'first', 'request6', 'query6']],
  ['udp src portrange 4000-4999', []],
  ['udp src portrange 5000-5000', ['query', 'query6']],
  ['greater 60', ['request6', 'query6', 'echo6']],
  ['less 28', ['arp', 'other']],
  ['less 27', ['other']],
];

const [macWeb, macDb] = ['02:42:0a:09:01:02', '02:42:0a:09:01:03'] as const;
const query = ip4(17, [web, far], [5000, 53]);
const frames: Readonly<Record<string, Packet>> = {
  there: { ...query, link: hex(macDb, macWeb, '0800') },
  back: { ...query, link: hex(macWeb, macDb, '0800') },
  beside: { ...query, link: hex(macDb, macWeb, '0800'), tag: 0xe005 },
  inside: { ...query, type: 0x8100, link: hex(macDb, macWeb, '8100 6006 0800') },
  service: { ...arp(web, db), type: 0x88a8, link: hex(macDb, macWeb, '88a8 0007 0806') },
  bare: { ...query, bytes: Buffer.concat([query.bytes, hex(macDb, macWeb)]) },
};

const frameCases: [filter: string, wanted: string[]][] = [
  [`ether host ${macWeb}`, ['there', 'back', 'beside', 'inside', 'service']],
  [`ether src ${macDb}`, ['back']],
  [`ether dst host ${macDb.toUpperCase()}`, ['there', 'beside', 'inside', 'service']],
  ['not ether host 02:42:0a:09:01:99', Object.keys(frames)],
  ['vlan', ['beside', 'inside', 'service']],
  ['vlan 5', ['beside']],
  ['vlan 6 or vlan 7', ['inside', 'service']],
  ['vlan and ip and udp port 53', ['beside', 'inside']],
  ['vlan and arp', ['service']],
  ['not vlan', ['there', 'back', 'bare']],
  ['udp and not vlan', ['there', 'back', 'bare']],
];

const all = [
  ...cases.map((each) => [...each, packets] as const),
  ...frameCases.map((each) => [...each, frames] as const),
];
for (const [filter, wanted, among] of all) {
  test(`the filter "${filter}" lets through ${wanted.join(', ') || 'nothing'}`, () => {
    const instructions = program(filter);
    const passed = Object.entries(among).filter(([, packet]) => run(instructions, packet) > 0);
    assert.deepEqual(
      passed.map(([name]) => name),
      wanted,
    );
  });
}

test('a program is what the kernel expects: types, protocols, the fragment, the length of the header, ports', () => {
  assert.deepEqual(
    program('ip and udp dst port 53', 96).map(({ code, jt, jf, k }) => [code, jt, jf, k]),
    [
      [0x28, 0, 0, 0xfffff000],
      [0x15, 0, 16, 0x0800],
      [0x28, 0, 0, 0xfffff000],
      [0x15, 0, 7, 0x0800],
      [0x30, 0, 0, 0xfff00009],
      [0x15, 0, 5, 17],
      [0x28, 0, 0, 0xfff00006],
      [0x45, 3, 0, 0x1fff],
      [0xb1, 0, 0, 0xfff00000],
      [0x48, 0, 0, 0xfff00002],
      [0x15, 6, 0, 53],
      [0x28, 0, 0, 0xfffff000],
      [0x15, 0, 5, 0x86dd],
      [0x30, 0, 0, 0xfff00006],
      [0x15, 0, 3, 17],
      [0x28, 0, 0, 0xfff0002a],
      [0x15, 0, 1, 53],
      [0x06, 0, 0, 96],
      [0x06, 0, 0, 0],
    ],
  );
});

test('as many bytes are kept as are asked for', () => {
  assert.equal(run(program('', 96), arp(web, db)), 96);
  assert.equal(run(program('arp', 96), arp(web, db)), 96);
});

const refused: [filter: string, says: RegExp][] = [
  ['port', /a port is missing at its end/],
  ['port http', /"http" is no port/],
  ['port 70000', /"70000" is no port/],
  ['icmp port 80', /icmp has no ports/],
  ['host nobody', /"nobody" is neither an address nor a container/],
  ['net 10.9', /"10.9" is no network/],
  ['(tcp', /a parenthesis is not closed/],
  ['portrange 80', /"80" is no range of ports/],
  ['portrange 1-70000', /"1-70000" is no range of ports/],
  ['icmp portrange 1-2', /icmp has no ports/],
  ['ether host web', /"web" is no hardware address/],
  ['ether proto 1', /after "ether" only host, src and dst are known/],
  ['greater', /a length is missing at its end/],
  ['less x', /"x" is no length/],
  ['vlan 4096', /"4096" is no number of a VLAN/],
  ['vlan 5 and vlan 6', /tags within tags are not looked at/],
  ['tcp udp', /"udp" was not expected/],
  ['tcp | port 80', /"\|" was not expected/],
  ['tcp & port 80', /"&" was not expected/],
  ['('.repeat(100_000), /it is too long/],
  ['tcp and', /a filter is missing at its end/],
  [Array.from({ length: 60 }, (_, index) => `port ${index}`).join(' or '), /the filter is too long/],
];

for (const [filter, says] of refused) {
  test(`the filter "${filter.slice(0, 20)}" is refused: ${says.source}`, () => {
    assert.throws(() => program(filter), says);
  });
}
