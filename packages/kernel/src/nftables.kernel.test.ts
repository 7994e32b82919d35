import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parseIpAddress } from '@fairlead/base';
import {
  type BatchRequest,
  decodeElements,
  decodeFlow,
  decodeTables,
  encodeDeleteTable,
  encodeElementDump,
  encodeElements,
  encodeFlowDeletion,
  encodeFlowDump,
  encodeFlowFlush,
  encodeNftBatch,
  encodeTable,
  encodeTableReplacement,
  type Flow,
  type FlowFilter,
  formatTable,
  joinMessages,
  messageFlag,
  NetlinkConnection,
  nftMessage,
  nftType,
  type RuleDefinition,
  type SetElement,
  type TableDefinition,
} from '@fairlead/netlink';
import { NftTranscript, nftShellCommand } from '@fairlead/netlink/transcript';
import { createNamespace, deleteNamespace, enterNamespace, namespacePath } from './namespace/namespace.ts';
import { NetlinkSocket } from './socket/netlink-socket.ts';
import { testNames } from './testing/test-names.ts';

const names = testNames('nftables');
const [own, replayed] = [`${names}own`, `${names}replay`];
let socket: NetlinkSocket;
let connection: NetlinkConnection;

beforeEach(() => {
  for (const name of [own, replayed]) {
    deleteNamespace(name);
    createNamespace(name);
  }
  run(own, 'ip', 'link', 'set', 'lo', 'up');
  socket = enterNamespace(namespacePath(own), () => new NetlinkSocket('netfilter'));
  connection = new NetlinkConnection(socket);
});

afterEach(() => {
  socket[Symbol.dispose]();
  for (const name of [own, replayed]) deleteNamespace(name);
});

function run(namespace: string, ...command: string[]): string {
  return execFileSync('nsenter', [`--net=${namespacePath(namespace)}`, ...command], { encoding: 'utf8' });
}

/** On the command line: nft 1.0.9 refuses the socket that a child's standard input is. */
function feed(namespace: string, text: string): void {
  run(namespace, 'nft', text);
}

/** Everything nft can tell, without the numbers that differ between two kernels that did the same. */
function ruleset(namespace: string): unknown {
  return JSON.parse(run(namespace, 'nft', '-j', 'list', 'ruleset'), (key, value: unknown) =>
    key === 'handle' ? undefined : value,
  );
}

function dumpTables(): TableDefinition[] {
  const parts = [nftType.getTable, nftType.getSet, nftType.getChain, nftType.getRule];
  return decodeTables(parts.flatMap((type) => connection.execute('dump', nftMessage(type, messageFlag.dump, 'any'))));
}

/** One rule of every kind. */
const table: TableDefinition = {
  family: 'inet',
  name: 'example',
  comment: 'one rule of every kind',
  sets: [
    { name: 'names', key: ['ifname'], comment: 'some names' },
    { name: 'pairs', key: ['ifname', 'ifname'] },
    { name: 'ports', key: ['ipv4_addr', 'inet_proto', 'inet_service'], interval: true },
    { name: 'to4', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr', 'inet_service'] },
    { name: 'to6', key: ['ipv6_addr', 'inet_proto', 'inet_service'], value: ['ipv6_addr', 'inet_service'] },
    { name: 'range6', key: ['inet_proto', 'inet_service'], value: ['ipv6_addr'], interval: true },
    { name: 'sources', key: ['ifname'], value: ['ipv4_addr'] },
    { name: 'marks', key: ['mark', 'ether_addr'] },
    { name: 'prefixes', key: ['ipv4_addr'], value: ['mark'], interval: true },
    {
      name: 'turns',
      key: ['inet_service', 'meta random'],
      value: ['ipv4_addr', 'inet_service'],
      interval: true,
    },
    { name: 'virtual6', key: ['ipv6_addr', 'meta random'], value: ['ipv6_addr'], interval: true },
  ],
  chains: [
    {
      name: 'other',
      rules: [{ statements: [{ counter: true }], comment: 'counted' }],
    },
    {
      name: 'first',
      comment: 'with a hook',
      hook: { type: 'nat', hook: 'prerouting', priority: -100, policy: 'accept' },
      rules: [
        {
          statements: [{ match: ['fib daddr type'], operator: '!=', with: { value: 'local' } }, { verdict: 'return' }],
        },
        { statements: [{ match: ['ip daddr'], with: { value: '127.0.0.0/8' } }, { verdict: 'return' }] },
        { statements: [{ match: ['ip6 saddr'], with: { value: 'fe80::/10' } }, { verdict: 'return' }] },
        { statements: [{ translate: 'dnat', family: 'ip', by: ['meta l4proto', 'th dport'], map: 'to4' }] },
        {
          statements: [{ translate: 'dnat', family: 'ip6', by: ['ip6 daddr', 'meta l4proto', 'th dport'], map: 'to6' }],
        },
        { statements: [{ translate: 'dnat', family: 'ip6', by: ['meta l4proto', 'th dport'], map: 'range6' }] },
        ...(['tcp dport', 'udp dport', 'sctp dport'] as const).map(
          (port): RuleDefinition => ({
            statements: [{ translate: 'dnat', family: 'ip', by: [port, 'meta random'], map: 'turns' }],
          }),
        ),
        {
          statements: [{ translate: 'dnat', family: 'ip6', by: ['ip6 daddr', 'meta random'], map: 'virtual6' }],
        },
        { statements: [{ match: ['tcp dport'], with: { value: '80' } }, { redirect: { port: 8080 } }] },
        {
          statements: [
            { match: ['udp dport'], with: { value: '53' } },
            { translate: 'dnat', family: 'ip', address: '10.0.0.1', port: 53 },
          ],
        },
        {
          statements: [
            { match: ['meta l4proto'], with: { value: 'tcp' } },
            { translate: 'dnat', family: 'ip6', address: 'fd00::1', port: 53 },
          ],
        },
        { statements: [{ translate: 'dnat', family: 'ip', address: '10.0.0.1' }] },
      ],
    },
    {
      name: 'last',
      hook: { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['oifname'], operator: '!=', with: { set: 'names' } },
            { translate: 'snat', family: 'ip', by: ['iifname'], map: 'sources' },
          ],
        },
        {
          statements: [
            { match: ['iif'], with: { value: '0' } },
            { match: ['ct status'], with: { value: 'dnat' } },
            { masquerade: true },
          ],
        },
        {
          statements: [
            { match: ['meta nfproto'], with: { value: 'ipv6' } },
            { match: ['oifname'], with: { value: 'eth0' } },
            { masquerade: true },
          ],
        },
      ],
    },
    {
      name: 'between',
      hook: { type: 'filter', hook: 'forward', priority: 0, policy: 'drop' },
      rules: [
        {
          statements: [
            { match: ['tcp flags'], with: { value: 'syn / syn,rst' } },
            { match: ['oifname'], with: { set: 'names' } },
            { clampMss: true },
          ],
        },
        {
          statements: [
            { match: ['iifname', 'oifname'], operator: '!=', with: { set: 'pairs' } },
            { counter: true },
            { verdict: 'drop' },
          ],
        },
        { statements: [{ match: ['ct state'], with: { value: 'established,related' } }, { verdict: 'accept' }] },
        {
          statements: [
            { match: ['ct status'], operator: '!', with: { value: 'dnat' } },
            { verdict: 'jump', chain: 'other' },
          ],
        },
        {
          statements: [
            { match: ['ip daddr', 'meta l4proto', 'th dport'], with: { set: 'ports' } },
            { verdict: 'accept' },
          ],
        },
        { statements: [{ match: ['meta l4proto'], with: { value: 'tcp' } }, { reject: 'tcp reset' }] },
        { statements: [{ match: ['meta mark'], with: { value: '0x00000011' } }, { reject: 'icmpx admin-prohibited' }] },
      ],
    },
    {
      name: 'leaving',
      hook: { type: 'filter', hook: 'output', priority: -150, policy: 'accept' },
      rules: [
        {
          statements: [
            { match: ['ip daddr'], with: { value: '127.0.0.11' } },
            { match: ['udp dport'], with: { value: '53' } },
            { set: 'udp dport', to: 40053 },
          ],
        },
        {
          statements: [
            { match: ['tcp sport'], with: { value: '40053' } },
            { set: 'tcp sport', to: 53 },
          ],
        },
        { statements: [{ setMark: 17 }] },
      ],
    },
  ],
};

/** Sorted by key. */
const elements: Readonly<Record<string, readonly SetElement[]>> = {
  names: [{ key: ['br-a'] }, { key: ['eth0'] }],
  pairs: [{ key: ['br-a', 'br-a'] }],
  ports: [{ key: ['172.17.0.2', 'tcp', '80-90'] }, { key: ['172.17.0.2', 'udp', '53'] }],
  to4: [
    { key: ['sctp', '1'], value: ['172.17.0.2', '2'] },
    { key: ['tcp', '8080'], value: ['172.17.0.2', '80'] },
  ],
  to6: [{ key: ['2001:db8::1', 'tcp', '8080'], value: ['fd00::2', '80'] }],
  range6: [{ key: ['tcp', '8000-8999'], value: ['fd00::2'] }],
  sources: [{ key: ['br-a'], value: ['192.0.2.9'] }],
  marks: [{ key: ['0x00000011', '02:42:00:00:00:01'] }],
  prefixes: [
    { key: ['10.0.0.0-10.0.0.255'], value: ['0x00000001'] },
    { key: ['10.0.1.0-10.0.1.9'], value: ['0x00000002'] },
    { key: ['255.255.255.0-255.255.255.255'], value: ['0x00000003'] },
  ],
  turns: [
    { key: ['80', '0-32767'], value: ['10.0.0.2', '8080'] },
    { key: ['80', '32768-65535'], value: ['10.0.0.3', '8080'] },
  ],
  virtual6: [{ key: ['fd00::1', '0-65535'], value: ['fd00::2'] }],
};

function elementRequests(action: 'add' | 'delete'): BatchRequest[] {
  return table.sets.flatMap((set) => encodeElements({ table, set }, action, elements[set.name] ?? []));
}

function dumpElements(): Record<string, SetElement[]> {
  const sorted = (list: readonly SetElement[]) => list.toSorted((a, b) => (a.key.join() < b.key.join() ? -1 : 1));
  return Object.fromEntries(
    table.sets.map((set) => [
      set.name,
      sorted(decodeElements(set, connection.execute('dump', encodeElementDump({ table, set })))),
    ]),
  );
}

test('nft lists the table that our bytes made as we print it, and reads it as it reads its own', () => {
  connection.executeBatch(encodeNftBatch(encodeTable(table)));
  const listed = run(own, 'nft', '-s', 'list', 'table', 'inet', 'example');
  // nft 1.1 spells the mask out.
  assert.equal(listed.replace('flags & (syn | rst) == syn', 'flags syn / syn,rst'), formatTable(table));
  feed(replayed, formatTable(table));
  assert.deepEqual(ruleset(own), ruleset(replayed));
});

test('a dump gives the definition back, whoever made the table', () => {
  connection.executeBatch(encodeNftBatch(encodeTable(table)));
  assert.deepEqual(dumpTables(), [table]);
  run(own, 'nft', 'flush', 'ruleset');
  feed(own, formatTable(table));
  assert.deepEqual(dumpTables(), [table]);
});

test('a dump gives the elements back, and removing them leaves nothing', () => {
  connection.executeBatch(encodeNftBatch([...encodeTable(table), ...elementRequests('add')]));
  assert.deepEqual(dumpElements(), elements);
  connection.executeBatch(encodeNftBatch(elementRequests('delete')));
  assert.deepEqual(new Set(Object.values(dumpElements()).map((list) => list.length)), new Set([0]));
});

test('the transcript of the bytes, run by nft, makes the same ruleset', () => {
  const transcript = new NftTranscript();
  const batches = [encodeTableReplacement(table), elementRequests('add'), elementRequests('delete').slice(0, 3)];
  for (const requests of batches) {
    const batch = encodeNftBatch(requests);
    connection.executeBatch(batch);
    const commands = transcript.render(joinMessages(batch.map(({ message }) => message)));
    execFileSync('bash', ['-e'], { input: nftShellCommand(commands, `nsenter --net=${namespacePath(replayed)} `) });
  }
  assert.deepEqual(ruleset(own), ruleset(replayed));
});

test('the request that fails is named, and nothing of its batch is done', () => {
  connection.executeBatch(encodeNftBatch(encodeTable(table)));
  const [names, pairs] = table.sets;
  assert.ok(names && pairs);
  const batch = [
    ...encodeElements({ table, set: names }, 'add', [{ key: ['br-a'] }]),
    ...encodeElements({ table, set: pairs }, 'delete', [{ key: ['br-a', 'br-a'] }]),
    ...encodeElements({ table, set: names }, 'add', [{ key: ['br-b'] }]),
  ];
  assert.throws(() => connection.executeBatch(encodeNftBatch(batch)), {
    errno: 'ENOENT',
    operation: 'delete element inet example pairs { br-a . br-a }',
  });
  assert.deepEqual(dumpElements()['names'], []);
});

test('a protected table cannot be touched by others, outlives its socket and can be adopted', async () => {
  const guarded = { ...table, protected: true };
  connection.executeBatch(encodeNftBatch(encodeTable(guarded)));
  run(own, 'nft', 'flush', 'ruleset');
  assert.throws(() =>
    execFileSync('nsenter', [`--net=${namespacePath(own)}`, 'nft', 'delete', 'table', 'inet', 'example'], {
      stdio: 'ignore',
    }),
  );
  socket[Symbol.dispose]();
  // The socket is closed on another thread; until then the table has its owner.
  while (run(own, 'nft', 'list', 'table', 'inet', 'example').includes('# progname')) await setTimeout(5);
  socket = enterNamespace(namespacePath(own), () => new NetlinkSocket('netfilter'));
  connection = new NetlinkConnection(socket);
  connection.executeBatch(encodeNftBatch(encodeTableReplacement(guarded)));
  assert.deepEqual(dumpTables(), [guarded]);
  connection.executeBatch(encodeNftBatch([encodeDeleteTable(guarded)]));
});

test('flows are listed, removed one by one and by what they have in common', () => {
  feed(
    own,
    'add table ip t\nadd chain ip t c { type nat hook output priority -100; }\nadd rule ip t c udp dport 5353 dnat to 127.0.0.1:53\n',
  );
  run(own, 'bash', '-c', 'for port in 5353 54 55; do echo x >/dev/udp/127.0.0.1/$port; done');
  const ports = (filter: FlowFilter) =>
    flows(filter)
      .map(({ original }) => original.destinationPort)
      .sort();
  assert.deepEqual(ports({ family: 4 }), [5353, 54, 55]);
  const loopback = parseIpAddress('127.0.0.1');
  assert.deepEqual(ports({ family: 4, reply: { source: loopback, protocol: 17, sourcePort: 53 } }), [5353]);
  connection.execute('flush', encodeFlowFlush({ family: 4, original: { protocol: 17, destinationPort: 5353 } }));
  assert.deepEqual(ports({ family: 4 }), [54, 55]);
  const [flow] = flows({ family: 4, original: { protocol: 17, destinationPort: 54 } });
  assert.ok(flow);
  connection.execute('delete', encodeFlowDeletion(flow));
  assert.throws(() => connection.execute('delete', encodeFlowDeletion(flow)), { errno: 'ENOENT' });
  connection.execute('flush', encodeFlowFlush({ family: 4, original: { destination: parseIpAddress('192.0.2.1') } }));
  assert.deepEqual(ports({ family: 4 }), [55]);
});

function flows(filter: FlowFilter): Flow[] {
  return connection.execute('list flows', encodeFlowDump(filter)).map(decodeFlow);
}
