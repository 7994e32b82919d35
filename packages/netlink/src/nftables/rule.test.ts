import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@fairlead/base';
import { AttributeWriter } from '../attribute.ts';
import { decodeMessages, joinMessages } from '../message.ts';
import { NftTranscript } from '../transcript/nft-text.ts';
import type { SetDefinition, Statement, TableDefinition, TableFamily } from './definition.ts';
import { decodeElements, encodeElements } from './element-codec.ts';
import { formatElements } from './element-text.ts';
import { decodeExpressions, encodeExpressions } from './expression-codec.ts';
import { encodeNftBatch } from './nft-message.ts';
import { compileRule } from './rule-compiler.ts';
import { decompileRule } from './rule-decompiler.ts';
import { formatRule } from './statement-text.ts';
import { decodeTables } from './table-decoder.ts';
import { encodeTable, encodeTableReplacement } from './table-encoder.ts';
import { formatSetBody, formatTable } from './table-text.ts';
import { encodeTypeof } from './typeof-userdata.ts';

const sets: readonly SetDefinition[] = [
  { name: 'names', key: ['ifname'], comment: 'some names' },
  { name: 'pairs', key: ['ifname', 'ifname'] },
  { name: 'ports', key: ['ipv4_addr', 'inet_proto', 'inet_service'], interval: true },
  { name: 'to4', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'] },
  { name: 'to6', key: ['ipv6_addr', 'inet_proto', 'inet_service'], value: ['ipv6_addr', 'inet_service'] },
  { name: 'range6', key: ['inet_proto', 'inet_service'], value: ['ipv6_addr'], interval: true },
  { name: 'marks', key: ['mark', 'ether_addr'] },
  { name: 'senders', key: ['ifname', 'ether_addr'] },
  {
    name: 'turns',
    key: ['inet_service', 'meta random'],
    value: ['ipv4_addr', 'inet_service'],
    interval: true,
  },
  { name: 'virtual6', key: ['ipv6_addr', 'meta random'], value: ['ipv6_addr'], interval: true },
  { name: 'targets', key: ['ifname', '@th,64,128'], comment: 'what neighbour discovery is about' },
];
const accept: Statement = { verdict: 'accept' };
const match = (
  selector: Extract<Statement, { match: unknown }>['match'][number],
  value: string,
  operator?: '!=' | '!',
): Statement =>
  operator === undefined ? { match: [selector], with: { value } } : { match: [selector], operator, with: { value } };
const port = ['meta l4proto', 'th dport'] as const;

/** Rules as nft prints them; loading them and listing them on a kernel is the kernel package's test. */
const rules: readonly [text: string, statements: readonly Statement[], family?: TableFamily][] = [
  ['iifname "lo" accept', [match('iifname', 'lo'), accept]],
  ['oifname != "eth0" accept', [match('oifname', 'eth0', '!='), accept]],
  ['iif 0 accept', [match('iif', '0'), accept]],
  [
    'iifname @names counter drop',
    [{ match: ['iifname'], with: { set: 'names' } }, { counter: true }, { verdict: 'drop' }],
  ],
  [
    'iifname . oifname != @pairs return',
    [{ match: ['iifname', 'oifname'], operator: '!=', with: { set: 'pairs' } }, { verdict: 'return' }],
  ],
  ['ip daddr 10.0.0.1 accept', [match('ip daddr', '10.0.0.1'), accept]],
  ['ip daddr 127.0.0.0/8 accept', [match('ip daddr', '127.0.0.0/8'), accept]],
  ['ip saddr != 10.128.0.0/9 accept', [match('ip saddr', '10.128.0.0/9', '!='), accept]],
  ['ip6 daddr ::1 accept', [match('ip6 daddr', '::1'), accept]],
  ['ip6 saddr fe80::/10 accept', [match('ip6 saddr', 'fe80::/10'), accept]],
  ['ip6 saddr 2001:db8::/32 accept', [match('ip6 saddr', '2001:db8::/32'), accept]],
  ['meta nfproto ipv4 accept', [match('meta nfproto', 'ipv4'), accept]],
  ['meta l4proto sctp accept', [match('meta l4proto', 'sctp'), accept]],
  ['meta l4proto ipv6-icmp accept', [match('meta l4proto', 'ipv6-icmp'), accept]],
  ['tcp dport 80 tcp sport 53 accept', [match('tcp dport', '80'), match('tcp sport', '53'), accept]],
  ['th dport 80 accept', [match('th dport', '80'), accept]],
  ['tcp flags syn / syn,rst accept', [match('tcp flags', 'syn / syn,rst'), accept]],
  ['tcp flags fin,syn accept', [match('tcp flags', 'fin,syn'), accept]],
  ['ct state established,related accept', [match('ct state', 'established,related'), accept]],
  ['ct state != new accept', [match('ct state', 'new', '!='), accept]],
  ['ct status ! dnat accept', [match('ct status', 'dnat', '!'), accept]],
  ['fib daddr type != local return', [match('fib daddr type', 'local', '!='), { verdict: 'return' }]],
  ['meta mark 0x00000011 accept', [match('meta mark', '0x00000011'), accept]],
  ['meta mark set 0x00000011', [{ setMark: 17 }]],
  [
    'ip daddr . meta l4proto . th dport @ports accept',
    [{ match: ['ip daddr', ...port], with: { set: 'ports' } }, accept],
  ],
  ['dnat ip to meta l4proto . th dport map @to4', [{ translate: 'dnat', family: 'ip', by: port, map: 'to4' }]],
  [
    'dnat ip6 to ip6 daddr . meta l4proto . th dport map @to6',
    [{ translate: 'dnat', family: 'ip6', by: ['ip6 daddr', ...port], map: 'to6' }],
  ],
  ['dnat ip6 to meta l4proto . th dport map @range6', [{ translate: 'dnat', family: 'ip6', by: port, map: 'range6' }]],
  [
    'tcp dport 8080 dnat ip to 10.0.0.1:80',
    [match('tcp dport', '8080'), { translate: 'dnat', family: 'ip', address: '10.0.0.1', port: 80 }],
  ],
  [
    'meta l4proto udp dnat ip6 to [fd00::1]:80',
    [match('meta l4proto', 'udp'), { translate: 'dnat', family: 'ip6', address: 'fd00::1', port: 80 }],
  ],
  ...(['tcp', 'udp', 'sctp'] as const).map((protocol): (typeof rules)[number] => [
    `dnat ip to ${protocol} dport . meta random map @turns`,
    [{ translate: 'dnat', family: 'ip', by: [`${protocol} dport`, 'meta random'], map: 'turns' }],
  ]),
  [
    'dnat ip6 to ip6 daddr . meta random map @virtual6',
    [{ translate: 'dnat', family: 'ip6', by: ['ip6 daddr', 'meta random'], map: 'virtual6' }],
  ],
  ['snat ip6 to fd00::1', [{ translate: 'snat', family: 'ip6', address: 'fd00::1' }]],
  ['oifname "x" masquerade', [match('oifname', 'x'), { masquerade: true }]],
  ['tcp dport 80 redirect to :8080', [match('tcp dport', '80'), { redirect: { port: 8080 } }]],
  [
    'meta l4proto udp tproxy ip6 to [100::1]:4',
    [match('meta l4proto', 'udp'), { tproxy: { address: '100::1', port: 4 } }],
  ],
  ['tcp dport 80 tproxy ip to 127.0.0.1:4', [match('tcp dport', '80'), { tproxy: { address: '127.0.0.1', port: 4 } }]],
  [
    'ip daddr 127.0.0.11 udp dport 53 udp dport set 5353',
    [match('ip daddr', '127.0.0.11'), match('udp dport', '53'), { set: 'udp dport', to: 5353 }],
  ],
  ['tcp sport 5353 tcp sport set 53', [match('tcp sport', '5353'), { set: 'tcp sport', to: 53 }], 'ip'],
  ['ip saddr 10.0.0.1 accept', [match('ip saddr', '10.0.0.1'), accept], 'ip'],
  ['iifname @names notrack', [{ match: ['iifname'], with: { set: 'names' } }, { notrack: true }]],
  ['oifname "x" tcp option maxseg size set rt mtu', [match('oifname', 'x'), { clampMss: true }]],
  ['reject with icmpx admin-prohibited', [{ reject: 'icmpx admin-prohibited' }]],
  ['meta l4proto tcp reject with tcp reset', [match('meta l4proto', 'tcp'), { reject: 'tcp reset' }]],
  ['iifname "a" goto other', [match('iifname', 'a'), { verdict: 'goto', chain: 'other' }]],
  ['jump other', [{ verdict: 'jump', chain: 'other' }]],
  [
    'ether saddr 02:42:00:00:00:01 ether type ip accept',
    [match('ether saddr', '02:42:00:00:00:01'), match('ether type', 'ip'), accept],
    'bridge',
  ],
  ['ip daddr 10.0.0.1 accept', [match('ip daddr', '10.0.0.1'), accept], 'bridge'],
  [
    'iifname . arp saddr ether @senders arp saddr ip 0.0.0.0 accept',
    [{ match: ['iifname', 'arp saddr ether'], with: { set: 'senders' } }, match('arp saddr ip', '0.0.0.0'), accept],
    'bridge',
  ],
  [
    'ip6 saddr :: icmpv6 type nd-neighbor-solicit iifname . @th,64,128 != @targets drop',
    [
      match('ip6 saddr', '::'),
      match('icmpv6 type', 'nd-neighbor-solicit'),
      { match: ['iifname', '@th,64,128'], operator: '!=', with: { set: 'targets' } },
      { verdict: 'drop' },
    ],
    'bridge',
  ],
  ['icmpv6 type mld2-listener-report accept', [match('icmpv6 type', 'mld2-listener-report'), accept], 'bridge'],
  ['iifgroup 4646 accept', [match('iifgroup', '4646'), accept]],
  ['oifgroup != 0 accept', [match('oifgroup', '0', '!='), accept]],
  ['meta iifkind "bridge" accept', [match('meta iifkind', 'bridge'), accept]],
  [
    'ip6 saddr :: udp sport 40053 udp sport set 53',
    [match('ip6 saddr', '::'), match('udp sport', '40053'), { set: 'udp sport', to: 53 }],
    'netdev',
  ],
  [
    'meta l4proto tcp tproxy to [100::1]:4 accept',
    [match('meta l4proto', 'tcp'), { tproxy: { address: '100::1', port: 4 } }, accept],
    'ip6',
  ],
  ['ct original ip daddr 10.0.0.1 accept', [match('ct original ip daddr', '10.0.0.1'), accept]],
  ['ct original ip daddr 127.0.0.0/8 accept', [match('ct original ip daddr', '127.0.0.0/8'), accept]],
  ['ct original ip daddr != 10.128.0.0/9 accept', [match('ct original ip daddr', '10.128.0.0/9', '!='), accept]],
];

for (const [text, statements, family = 'inet'] of rules) {
  test(`a rule comes back from its bytes (${family}): ${text}`, () => {
    const writer = new AttributeWriter(new ByteWriter());
    encodeExpressions(writer, compileRule({ family, sets }, statements));
    const decoded = decompileRule(family, decodeExpressions(writer.header.finish()));
    assert.deepEqual(decoded, statements);
    assert.equal(formatRule({ statements: decoded }, family), text);
  });
}

test('a port that is rewritten comes back also where the kernel finds the checksum, as nft 1.1 has it', () => {
  const statements = [match('udp dport', '53'), { set: 'udp dport', to: 5353 }] as const;
  const ours = compileRule({ family: 'inet', sets }, statements);
  const theirs = ours.map((e) => (e.name === 'payload set' ? { ...e, checksumOffset: undefined } : e));
  const writer = new AttributeWriter(new ByteWriter());
  encodeExpressions(writer, theirs as typeof ours);
  const decoded = decodeExpressions(writer.header.finish());
  assert.notDeepEqual(decoded, ours);
  assert.deepEqual(decompileRule('inet', decoded), statements);
});

const table: TableDefinition = {
  family: 'inet',
  name: 'example',
  comment: 'an example',
  sets,
  chains: [
    {
      name: 'first',
      comment: 'with a hook',
      hook: { type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept' },
      rules: [
        { statements: rules[25]?.[1] ?? [], comment: 'published' },
        { statements: [{ verdict: 'goto', chain: 'other' }] },
      ],
    },
    { name: 'last', hook: { type: 'filter', hook: 'output', priority: -100, policy: 'drop' }, rules: [] },
    { name: 'other', rules: [{ statements: [{ counter: true }] }] },
  ],
};

test('a table comes back from its bytes', () => {
  const messages = encodeTable(table).flatMap(({ message }) => decodeMessages(message));
  assert.deepEqual(decodeTables(messages), [table]);
});

test('a table is printed as nft lists it', () => {
  assert.equal(
    formatTable({ ...table, sets: sets.slice(2, 4), protected: true }),
    `table inet example {
	flags owner,persist
	comment "an example"
	set ports {
		type ipv4_addr . inet_proto . inet_service
		flags interval
	}

	map to4 {
		type inet_proto . inet_service : ipv4_addr . inet_service
	}

	chain first {
		comment "with a hook"
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to meta l4proto . th dport map @to4 comment "published"
		goto other
	}

	chain last {
		type filter hook output priority -100; policy drop;
	}

	chain other {
		counter
	}
}
`,
  );
});

test('a set of a field that nft has no type for is written as nft writes it for itself', () => {
  const set = sets.at(-1);
  assert.ok(set);
  assert.deepEqual(formatSetBody(set), ['typeof iifname . @th,64,128', 'comment "what neighbour discovery is about"']);
  // The attribute that nft 1.0.6 sends for the same text.
  assert.equal(
    encodeTypeof(['iifname', '@th,64,128']).toHex(),
    '00040d0000000138000e00040900000001060004060000000126000407000000011e0004000000000104000000000204030000000304400000000404' +
      '80000000',
  );
  const key = { key: ['veth0', 'fe80::1'] };
  assert.equal(formatElements(set, [key]), '{ "veth0" . 0xfe800000000000000000000000000001 }');
  const message = encodeElements({ table: { family: 'bridge', name: 'example' }, set }, 'add', [key]);
  assert.deepEqual(decodeElements(set, decodeMessages(joinMessages(message.map((each) => each.message)))), [key]);
});

test('a map with turns is written as nft writes it for itself', () => {
  const set = sets.find(({ name }) => name === 'turns');
  assert.ok(set);
  assert.deepEqual(formatSetBody(set), ['typeof th dport . meta random : ip daddr . th dport', 'flags interval']);
  // The attributes that nft 1.0.6 sends for the same text, and for the data of one that holds addresses alone.
  assert.equal(
    encodeTypeof(['th dport', 'meta random']).toHex(),
    '00040d00000001260014000407000000010c00040b000000010402000000010e0004090000000106000418000000',
  );
  assert.equal(
    encodeTypeof(['ip daddr', 'th dport']).toHex(),
    '00040d000000012c0014000407000000010c00040c00000001040c0000000114000407000000010c00040b000000010402000000',
  );
  assert.equal(encodeTypeof(['ip6 daddr']).toHex(), '000407000000010c00040d000000010409000000');
  const turn = { key: ['80', '0-32767'], value: ['10.0.0.2', '8080'] };
  assert.equal(formatElements(set, [turn]), '{ 80 . 0-32767 : 10.0.0.2 . 8080 }');
  const message = encodeElements({ table: { family: 'inet', name: 'example' }, set }, 'add', [turn]);
  assert.deepEqual(decodeElements(set, decodeMessages(joinMessages(message.map((each) => each.message)))), [turn]);
});

test('a transcript says everything that a batch does, in its order', () => {
  const batch = encodeNftBatch(
    encodeTableReplacement({ ...table, sets: sets.slice(0, 1), chains: table.chains.slice(1) }),
  );
  assert.deepEqual(new NftTranscript().render(joinMessages(batch.map(({ message }) => message))), [
    'add table inet example { comment "an example"; }',
    'delete table inet example',
    'add table inet example { comment "an example"; }',
    'add set inet example names { type ifname; comment "some names"; }',
    'add chain inet example last { type filter hook output priority -100; policy drop; }',
    'add chain inet example other',
    'add rule inet example other counter',
  ]);
});

test('what nft would print in another way, or not read, is refused', () => {
  const table = { family: 'inet', sets } as const;
  assert.throws(
    () => compileRule(table, [match('meta nfproto', 'ipv4'), match('ip daddr', '10.0.0.1')]),
    /not printed by nft/,
  );
  assert.throws(
    () => compileRule(table, [{ translate: 'dnat', family: 'ip', by: port, map: 'names' }]),
    /no map names/,
  );
  assert.throws(() => compileRule(table, [match('ip daddr', '10.0.0.0/0')]), /cannot match/);
  assert.throws(() => compileRule(table, [match('arp saddr ip', '10.0.0.1')]), /no arp in a table of family inet/);
  assert.throws(() => compileRule(table, [{ redirect: { port: 80 } }]), /needs a match of the transport protocol/);
});

test('an unknown expression, attribute or end of a rule is not passed over', () => {
  const encode = (body: (writer: AttributeWriter) => void) => {
    const writer = new AttributeWriter(new ByteWriter());
    writer.nested(1, body);
    return writer.header.finish();
  };
  assert.throws(
    () => decodeExpressions(encode((writer) => writer.text(1, 'quota'))),
    /unknown nftables expression quota/,
  );
  assert.throws(
    () => decodeExpressions(encode((writer) => writer.text(1, 'masq').nested(2, (data) => data.u32be(1, 4)))),
    /masq: unknown attributes 1/,
  );
  assert.throws(() => decompileRule('inet', [{ name: 'meta', key: 6, register: 1 }]), /without an end/);
  assert.throws(
    () =>
      decompileRule('inet', [
        { name: 'payload', base: 1, offset: 16, length: 4, register: 1 },
        { name: 'cmp', register: 1, operator: '==', data: new Uint8Array(4) },
      ]),
    /cannot read payload/,
  );
});
