import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type PortProtocol, parseIpAddress, parsePortPolicy } from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { hostAddressElement, segmentFitting } from './host-sets.ts';
import { hostTables } from './host-table.ts';
import { networkElements } from './network-policy.ts';
import { routedAdmissionElements } from './port-admission.ts';
import { type PortMapping, portMappingElements, relayElements, routedPortElements } from './port-mapping.ts';
import { defineForgeryTest } from './testing/forged-datagrams.ts';
import { defineLimitedPortTests, type Expectations } from './testing/limited-port-tests.ts';
import { defineLoopbackTests } from './testing/loopback-tests.ts';
import { balancedPorts, defineMeshTests } from './testing/mesh-tests.ts';
import { oneSocket } from './testing/one-socket.ts';
import { strayAnswer } from './testing/stray-answer.ts';
import { hasBridgeFilter, TestHost } from './testing/test-host.ts';

/** a1, a2 and shared on network a, b1 and shared on b, i1 on the internal one; shared leaves by b. */
let host: TestHost;
/** What is said of one holds for the other, unless a test or a question names its own. */
const alike: readonly PortProtocol[] = ['tcp', 'sctp'];
const tables = hostTables({ protected: false });

/** One port of the host to one of a container. */
function publish(
  hostAddress: string,
  hostPort: number,
  containerAddress: string,
  containerPort = 80,
  protocols = alike,
): ElementObject[] {
  return publishRange(hostAddress, hostPort, hostPort, containerAddress, containerPort, protocols);
}

function publishRange(
  hostAddress: string,
  first: number,
  last: number,
  containerAddress: string,
  containerPort: number,
  protocols = alike,
): ElementObject[] {
  const mapping: Omit<PortMapping, 'protocol'> = {
    hostAddress: parseIpAddress(hostAddress),
    hostPorts: { first, last },
    containerAddress: parseIpAddress(containerAddress),
    containerPorts: { first: containerPort, last: containerPort + last - first },
  };
  return protocols.flatMap((protocol) => portMappingElements({ ...mapping, protocol }));
}

function relay(protocol: PortProtocol, first: number, last = first): ElementObject[] {
  return relayElements({ protocol, hostAddress: parseIpAddress('::'), hostPorts: { first, last } });
}

const both = { ipv4: true, ipv6: true };
const elements = [
  ...networkElements({ bridge: 'br-a', internal: false, masquerade: both }),
  ...networkElements({ bridge: 'br-b', internal: false, masquerade: both }),
  ...networkElements({ bridge: 'br-i', internal: true, masquerade: both }),
  hostAddressElement(parseIpAddress('192.0.2.1')),
  ...publish('0.0.0.0', 8080, '172.30.1.2'),
  ...publish('::', 8080, 'fd00:a::2'),
  ...publish('0.0.0.0', 8080, '172.30.1.2', 80, ['udp']),
  ...publish('127.0.0.1', 8081, '172.30.1.2'),
  ...publish('192.0.2.1', 8082, '172.30.1.2'),
  ...publish('2001:db8::1', 8082, 'fd00:a::2'),
  ...publishRange('0.0.0.0', 9000, 9005, '172.30.1.2', 9000),
  ...publishRange('::', 9000, 9005, 'fd00:a::2', 9000),
  ...publishRange('192.0.2.1', 9100, 9105, '172.30.1.2', 9100),
  ...publishRange('0.0.0.0', 7000, 7005, '172.30.1.2', 9000),
  ...publishRange('0.0.0.0', 9000, 9005, '172.30.1.2', 9000, ['udp']),
  ...publishRange('0.0.0.0', 7000, 7005, '172.30.1.2', 9000, ['udp']),
  ...publish('0.0.0.0', 8083, '172.30.2.9'),
  ...balancedPorts,
  ...relay('tcp', 8080),
  ...relay('tcp', 8085),
  ...relay('udp', 8085),
  ...relay('tcp', 9200, 9209),
  // Nothing asks for this one; should it ever be there, it must not open the internal network.
  ...publish('0.0.0.0', 8084, '172.30.3.2'),
];

async function createHost(bridgeFilter: boolean, ...openBridges: readonly ('br-a' | 'br-b')[]): Promise<void> {
  host = await TestHost.create({
    containers: [
      { name: 'a1', networks: [{ bridge: 'br-a', host: 2 }] },
      { name: 'a2', networks: [{ bridge: 'br-a', host: 3 }] },
      { name: 'b1', networks: [{ bridge: 'br-b', host: 2 }] },
      { name: 'i1', networks: [{ bridge: 'br-i', host: 2 }] },
      { name: 'i2', networks: [{ bridge: 'br-i', host: 3 }] },
      {
        name: 'shared',
        networks: [
          { bridge: 'br-b', host: 9 },
          { bridge: 'br-a', host: 9 },
        ],
      },
    ],
    ports: [80, 9000, 9003, 9102],
    bridgeFilter,
    openBridges,
  });
  host.run('host', ['nft', 'add table ip foreign { comment "of somebody else"; }']);
  for (const table of tables) host.load(table);
  host.elements('add', elements);
}

/** What each question must be answered with, asked by the protocol that it names or by each of `protocols`. */
async function expectAll(expectations: Expectations, protocols = alike): Promise<void> {
  const wanted = expectations.flatMap(([from, address, port, answer, named]) =>
    (named === undefined ? protocols : [named]).map((protocol) => ({ protocol, from, address, port, answer })),
  );
  const answers = await Promise.all(
    wanted.map(async (question) => {
      const { from, address, port, protocol } = question;
      return { ...question, answer: await host.ask(from, address, port, protocol) };
    }),
  );
  assert.deepEqual(answers, wanted);
}

describe('on a host whose IP rules see routed packets only', () => {
  before(() => createHost(false, 'br-a', 'br-b'));
  after(() => host[Symbol.asyncDispose]());
  defineTests(false);
});

// One that was there before has no group, and one that had it may have lost it.
describe('on a host where one of two bridges is in the group of those that are open', () => {
  before(() => createHost(false, 'br-a'));
  after(() => host[Symbol.asyncDispose]());
  defineTests(false);
});

describe('on a host whose IP rules see bridged packets as well', {
  skip: hasBridgeFilter() ? false : 'br_netfilter is not loaded',
}, () => {
  before(() => createHost(true, 'br-a', 'br-b'));
  after(() => host[Symbol.asyncDispose]());
  defineTests(true);
});

function defineTests(bridgeFilter: boolean): void {
  test('a published port answers the outside, under the asker’s own address', () =>
    expectAll([
      ['outside', '192.0.2.1', 8080, 'a1 192.0.2.2 80'],
      ['outside', '2001:db8::1', 8080, 'a1 2001:db8::2 80'],
      ['outside', '192.0.2.1', 8080, 'a1 192.0.2.2 80', 'udp'],
      ['outside', '192.0.2.1', 8082, 'a1 192.0.2.2 80'],
      ['outside', '2001:db8::1', 8082, 'a1 2001:db8::2 80'],
    ]));

  test('ranges keep their port numbers, shifted ones their offset', () =>
    expectAll([
      ['outside', '192.0.2.1', 9003, 'a1 192.0.2.2 9003'],
      ['outside', '2001:db8::1', 9003, 'a1 2001:db8::2 9003'],
      ['outside', '192.0.2.1', 9102, 'a1 192.0.2.2 9102'],
      ['outside', '192.0.2.1', 7003, 'a1 192.0.2.2 9003'],
    ]));

  test('flows that are alike behind the translation arrive where they should', () => {
    // To the kernel a range to translate to is a choice: it would take the next port for the second flow.
    const answers = host.run('outside', [process.execPath, '-e', oneSocket, '192.0.2.1', '9003', '7003']);
    assert.equal(answers, 'a1 192.0.2.2 9003\n'.repeat(2));
  });

  test('a published port answers the host itself, by loopback and by its own address', () =>
    expectAll([
      ['host', '127.0.0.1', 8080, 'a1 172.30.1.1 80'],
      ['host', '127.0.0.1', 8080, 'a1 172.30.1.1 80', 'udp'],
      ['host', '127.0.0.1', 8081, 'a1 172.30.1.1 80'],
      ['host', '127.0.0.1', 9003, 'a1 172.30.1.1 9003'],
      ['host', '192.0.2.1', 8080, 'a1 172.30.1.1 80'],
      ['host', '2001:db8::1', 8080, 'a1 fd00:a::1 80'],
    ]));

  test('a published port answers containers: of its network, itself, of another network, of one that it shares', () =>
    expectAll([
      ['a2', '172.30.1.1', 8080, 'a1 172.30.1.1 80'],
      ['a2', '192.0.2.1', 8080, 'a1 172.30.1.1 80'],
      ['a2', 'fd00:a::1', 8080, 'a1 fd00:a::1 80'],
      ['a1', '172.30.1.1', 8080, 'a1 172.30.1.1 80'],
      ['a1', 'fd00:a::1', 8080, 'a1 fd00:a::1 80'],
      ['b1', '172.30.2.1', 8080, 'a1 172.30.1.1 80'],
      ['b1', '2001:db8::1', 8080, 'a1 fd00:a::1 80'],
      ['b1', '192.0.2.1', 8080, 'a1 172.30.1.1 80', 'udp'],
      // Published on network b, asked for from a: were a's address kept, the answer would go straight to it.
      ['a1', '192.0.2.1', 8083, 'shared 172.30.2.1 80'],
    ]));

  defineMeshTests(() => host);

  test('what cannot be translated is relayed: ::1, link-local askers, and IPv6 for a container reached by IPv4', async () => {
    await host.relay([
      ['tcp', 8080, 'fd00:a::2'],
      ['tcp', 8085, '172.30.1.2'],
      ['udp', 8085, '172.30.1.2'],
      ['tcp', 9205, '172.30.1.2'],
    ]);
    // The kernel's own link-local addresses come up to a second later.
    host.run('host', ['ip', 'address', 'add', 'fe80::1/64', 'dev', 'wan', 'nodad']);
    host.run('outside', ['ip', 'address', 'add', 'fe80::2/64', 'dev', 'eth0', 'nodad']);
    const linkLocal = 'fe80::1%eth0';
    await expectAll(
      [
        ['host', '::1', 8080, 'a1 fd00:a::1 80'],
        ['outside', linkLocal, 8080, 'a1 fd00:a::1 80'],
        ['outside', '2001:db8::1', 8080, 'a1 2001:db8::2 80'],
        ['host', '::1', 8085, 'a1 172.30.1.1 80'],
        ['host', '::1', 8085, 'a1 172.30.1.1 80', 'udp'],
        ['host', '2001:db8::1', 8085, 'a1 172.30.1.1 80'],
        ['outside', '2001:db8::1', 8085, 'a1 172.30.1.1 80'],
        ['outside', '2001:db8::1', 8085, 'a1 172.30.1.1 80', 'udp'],
        ['outside', linkLocal, 8085, 'a1 172.30.1.1 80'],
        ['outside', '2001:db8::1', 9205, 'a1 172.30.1.1 80'],
        // br_netfilter shows packets from a bridge to our rules before the kernel lets go of the socket that they chose
        // (ip6_rcv_core): there containers find the port as if it were not published.
        ['b1', '2001:db8::1', 8085, bridgeFilter ? 'refused' : 'a1 172.30.1.1 80'],
        ['a2', 'fd00:a::1', 8085, bridgeFilter ? 'silence' : 'a1 172.30.1.1 80', 'udp'],
        // Not led there, or from an internal network: only the socket that holds the port is left.
        ['outside', '192.0.2.1', 8085, 'refused'],
        ['i1', 'fd00:c::1', 8085, 'refused'],
        ['i1', 'fd00:c::1', 8085, 'silence', 'udp'],
      ],
      ['tcp'],
    );
  });

  defineLoopbackTests({ host: () => host, expectAll });

  test('what is not published cannot be reached from outside nor from another network', () =>
    expectAll([
      ['outside', '172.30.1.2', 80, 'silence'],
      ['outside', 'fd00:a::2', 80, 'silence'],
      ['outside', '172.30.1.2', 80, 'silence', 'udp'],
      ['b1', '172.30.1.2', 80, 'silence'],
      ['b1', 'fd00:a::2', 80, 'silence'],
      ['outside', '192.0.2.1', 8079, 'refused'],
    ]));

  test('containers of one network, and the host, reach every port of a container', () =>
    expectAll([
      ['a2', '172.30.1.2', 80, 'a1 172.30.1.3 80'],
      ['a2', 'fd00:a::2', 80, 'a1 fd00:a::3 80'],
      ['host', '172.30.1.2', 80, 'a1 172.30.1.1 80'],
      ['host', '172.30.3.2', 80, 'i1 172.30.3.1 80'],
    ]));

  test('containers go out under the address of the host', () =>
    expectAll([
      ['a1', '192.0.2.2', 80, 'outside 192.0.2.1 80'],
      ['a1', '2001:db8::2', 80, 'outside 2001:db8::1 80'],
      ['a1', '192.0.2.2', 80, 'outside 192.0.2.1 80', 'udp'],
    ]));

  test('what belongs to no connection does not go out under its own address', () => {
    host.run('outside', [
      'nft',
      'add table ip stray { chain seen { type filter hook prerouting priority -300; ip saddr 172.30.1.2 counter; }; }',
    ]);
    host.run('a1', ['perl', '-e', strayAnswer, '192.0.2.2']);
    const dropped = host.run('host', ['nft', 'list', 'chain', 'inet', 'fairlead', 'outward']);
    assert.match(dropped, /ipv4 iifname @masquerade4 counter packets 1 bytes 28 drop/);
    assert.match(host.run('outside', ['nft', 'list', 'table', 'ip', 'stray']), /counter packets 0 /);
    host.run('outside', ['nft', 'delete', 'table', 'ip', 'stray']);
  });

  defineLimitedPortTests({ host: () => host, replaceable: elements, expectAll });

  test('an internal network lets nothing out and nothing in, through a published port neither', async () => {
    host.run('i1', [
      'nft',
      'add table ip strange { chain seen { type filter hook prerouting priority -300; th dport 80 ip saddr != 172.30.3.3 counter; }; }',
    ]);
    await expectAll([
      ['i1', '192.0.2.2', 80, 'silence'],
      ['i1', '2001:db8::2', 80, 'silence'],
      ['i1', '172.30.1.2', 80, 'silence'],
      ['i1', '172.30.3.1', 8080, 'silence'],
      ['i1', '192.0.2.1', 8080, 'silence'],
      ['i1', 'fd00:c::1', 8080, 'silence'],
      ['i1', '172.30.3.1', 8080, 'silence', 'udp'],
      ['outside', '172.30.3.2', 80, 'silence'],
      ['a1', '172.30.3.2', 80, 'silence'],
      ['outside', '192.0.2.1', 8084, 'silence'],
      ['a1', '192.0.2.1', 8084, 'silence'],
      ['i2', '172.30.3.2', 80, 'i1 172.30.3.3 80'],
      ['i1', '172.30.3.1', 80, 'host 172.30.3.2 80'],
    ]);
    // Silence alone might be an answer that was not let out.
    assert.match(host.run('i1', ['nft', 'list', 'table', 'ip', 'strange']), /counter packets 0 /);
    host.run('i1', ['nft', 'delete', 'table', 'ip', 'strange']);
  });

  defineForgeryTest(() => host);

  test('gateway modes open exactly what they say', async () => {
    const open = networkElements({
      bridge: 'br-a',
      internal: false,
      masquerade: {},
      mode: { ipv4: 'nat-unprotected', ipv6: 'routed' },
    });
    const port = { containerAddress: parseIpAddress('fd00:a::2'), containerPorts: { first: 80, last: 80 } };
    const routed = alike.flatMap((protocol) => routedPortElements({ ...port, protocol }));
    const limited = routedAdmissionElements({
      protocol: 'tcp',
      address: parseIpAddress('fd00:a::2'),
      ports: { first: 9003, last: 9003 },
      policy: parsePortPolicy('2001:db8::2', undefined),
    });
    const modes = [...open.filter(({ set }) => /^(open|routed)/.test(set)), ...routed, ...limited];
    host.elements('add', modes);
    await expectAll([
      ['outside', '172.30.1.2', 9000, 'a1 192.0.2.2 9000'],
      ['outside', 'fd00:a::2', 80, 'a1 2001:db8::2 80'],
      ['outside', 'fd00:a::2', 9000, 'silence'],
      ['b1', 'fd00:a::2', 80, 'a1 fd00:b::2 80'],
      ['outside', 'fd00:a::2', 9003, 'a1 2001:db8::2 9003', 'tcp'],
      ['b1', 'fd00:a::2', 9003, 'silence'],
      ['outside', '172.30.2.2', 80, 'silence'],
    ]);
    host.elements('delete', modes);
    await expectAll([['outside', '172.30.1.2', 9000, 'silence']]);
  });

  test('without communication containers are kept apart where the host routes, but published ports answer', async () => {
    const separated = networkElements({ bridge: 'br-a', internal: false, masquerade: {}, icc: false }).filter(
      ({ set }) => set === 'separated',
    );
    host.elements('add', separated);
    // Around the bridge: straight through the router instead.
    host.run('a2', ['ip', 'route', 'add', '172.30.1.2', 'via', '172.30.1.1']);
    await expectAll([
      ['a2', '172.30.1.2', 80, 'silence'],
      ['a2', '172.30.1.1', 8080, 'a1 172.30.1.1 80'],
    ]);
    host.run('a2', ['ip', 'route', 'delete', '172.30.1.2']);
    host.elements('delete', separated);
  });

  test('a given source address is used instead of the outgoing one', async () => {
    host.run('host', ['ip', 'address', 'add', '192.0.2.77/24', 'dev', 'wan']);
    const source = networkElements({
      bridge: 'br-b',
      internal: false,
      masquerade: both,
      source: { ipv4: parseIpAddress('192.0.2.77') },
    });
    const added = source.filter(({ set }) => set === 'source4');
    host.elements('add', added);
    await expectAll([
      ['b1', '192.0.2.2', 80, 'outside 192.0.2.77 80'],
      ['a1', '192.0.2.2', 80, 'outside 192.0.2.1 80'],
    ]);
    host.elements('delete', added);
  });

  test('segments are fitted to the way out, of who asks and of who answers, while that is said to be needed', async () => {
    host.run('host', ['ip', 'link', 'set', 'wan', 'mtu', '1400']);
    host.run('outside', [
      'nft',
      'add table inet seen { chain syn { type filter hook input priority 0; tcp flags syn tcp option maxseg size { 1340, 1360 } counter accept; }; }',
    ]);
    const fitted = () =>
      Number(/packets (\d+)/.exec(host.run('outside', ['nft', 'list', 'table', 'inet', 'seen']))?.[1]);
    const connect = () =>
      expectAll(
        [
          ['a1', '192.0.2.2', 80, 'outside 192.0.2.1 80'],
          ['a1', '2001:db8::2', 80, 'outside 2001:db8::1 80'],
          ['outside', '192.0.2.1', 8080, 'a1 192.0.2.2 80'],
          ['outside', '2001:db8::1', 8080, 'a1 2001:db8::2 80'],
        ],
        ['tcp'],
      );
    await connect();
    assert.equal(fitted(), 0);
    host.elements('add', [segmentFitting]);
    await connect();
    assert.equal(fitted(), 4);
    host.elements('delete', [segmentFitting]);
    host.run('outside', ['nft', 'delete table inet seen']);
    host.run('host', ['ip', 'link', 'set', 'wan', 'mtu', '1500']);
  });

  test('drops are counted, and tables of others are left alone', () => {
    const listed = host.run('host', ['nft', 'list', 'ruleset']);
    assert.match(listed, /counter packets [1-9]\d* bytes \d+ drop comment "not published, or another network"/);
    assert.match(listed, /counter packets [1-9]\d* bytes \d+ drop comment "internal network: nothing leaves"/);
    assert.match(listed, /table ip foreign \{\n\tcomment "of somebody else"\n\}/);
  });
}
