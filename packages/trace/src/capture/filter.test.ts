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

/** What the kernel does with a packet that begins with its network header (net/core/filter.c). */
function run(instructions: readonly ClassicInstruction[], type: number, packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let [accumulator, index] = [0, 0];
  for (let at = 0; at < instructions.length; at++) {
    const { code, jt, jf, k } = instructions[at] ?? assert.fail('ran past the end');
    const offset = (k | 0) + 0x100000;
    const size = { 32: 4, 40: 2, 72: 2, 48: 1, 177: 1 }[code] ?? 0;
    const place = code === 0x48 ? offset + index : offset;
    const isType = k === 0xfffff000;
    // A load from beyond the packet ends the program.
    if (size > 0 && !isType && place + size > packet.length) return 0;
    if (code === 0x20) accumulator = view.getUint32(place);
    else if (code === 0x28) accumulator = isType ? type : view.getUint16(place);
    else if (code === 0x48) accumulator = view.getUint16(place);
    else if (code === 0x30) accumulator = view.getUint8(place);
    else if (code === 0xb1) index = (view.getUint8(place) & 15) * 4;
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? jt : jf;
    else if (code === 0x06) return k;
    else assert.fail(`instruction ${code}`);
  }
  return assert.fail('no end');
}

type Packet = readonly [type: number, bytes: Uint8Array];

/** An IPv4 packet; options make its header longer. */
function ip4(protocol: number, [from, to]: [string, string], ports: [number, number] = [0, 0], fragment = 0): Packet {
  const bytes = Buffer.alloc(40);
  bytes[0] = 0x46;
  bytes.writeUInt16BE(fragment, 6);
  bytes[9] = protocol;
  for (const [index, part] of [...from.split('.'), ...to.split('.')].entries()) bytes[12 + index] = Number(part);
  bytes.writeUInt16BE(ports[0], 24);
  bytes.writeUInt16BE(ports[1], 26);
  return [0x0800, bytes];
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
  return [0x86dd, bytes];
}

function arp(from: string, to: string): Packet {
  const bytes = Buffer.alloc(28);
  for (const [index, part] of from.split('.').entries()) bytes[14 + index] = Number(part);
  for (const [index, part] of to.split('.').entries()) bytes[24 + index] = Number(part);
  return [0x0806, bytes];
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
  other: [0x88cc, Buffer.alloc(20)],
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
];

for (const [filter, wanted] of cases) {
  test(`the filter "${filter}" lets through ${wanted.join(', ') || 'nothing'}`, () => {
    const instructions = program(filter);
    const passed = Object.entries(packets).filter(([, packet]) => run(instructions, ...packet) > 0);
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
  assert.equal(run(program('', 96), ...(packets['arp'] ?? assert.fail())), 96);
  assert.equal(run(program('arp', 96), ...(packets['arp'] ?? assert.fail())), 96);
});

const refused: [filter: string, says: RegExp][] = [
  ['port', /a port is missing at its end/],
  ['port http', /"http" is no port/],
  ['port 70000', /"70000" is no port/],
  ['icmp port 80', /icmp has no ports/],
  ['host nobody', /"nobody" is neither an address nor a container/],
  ['net 10.9', /"10.9" is no network/],
  ['(tcp', /a parenthesis is not closed/],
  ['tcp udp', /"udp" was not expected/],
  ['tcp and', /a filter is missing at its end/],
  [Array.from({ length: 60 }, (_, index) => `port ${index}`).join(' or '), /the filter is too long/],
];

for (const [filter, says] of refused) {
  test(`the filter "${filter.slice(0, 20)}" is refused: ${says.source}`, () => {
    assert.throws(() => program(filter), says);
  });
}
