import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortProtocol } from '@fairlead/base';
import type { Expectations } from './limited-port-tests.ts';
import type { TestHost } from './test-host.ts';

/** Sends what is for 198.51.100.1 to 127.0.0.1 of the next host. */
const loopbackForger = `table ip forger {
  chain out { type filter hook postrouting priority 300; ip daddr 198.51.100.1 ip daddr set 127.0.0.1; }
  chain in { type filter hook prerouting priority -400; ip saddr 127.0.0.1 iifname "eth0" ip saddr set 198.51.100.1; }
}
`;

/** Who gets into the host's loopback network, on a host where port 8081 of it is a1's. */
export function defineLoopbackTests({
  host,
  expectAll,
}: {
  readonly host: () => TestHost;
  readonly expectAll: (expectations: Expectations, protocols?: readonly PortProtocol[]) => Promise<void>;
}): void {
  /** The rule of a chain that drops what begins a connection. */
  const beginnings = (chain: string) =>
    host()
      .run('host', ['nft', 'list', 'chain', 'inet', 'fairlead', chain])
      .split('\n')
      .find((line) => line.includes('ct original ip daddr')) ?? '';

  test('what is published on loopback is for the host alone', async () => {
    // No sane system sends to 127.0.0.1 over a wire: here the address is put in after the routing, and taken out again.
    for (const [name, gateway] of [
      ['outside', '192.0.2.1'],
      ['a2', '172.30.1.1'],
    ] as const) {
      host().run(name, ['ip', 'route', 'add', '198.51.100.1', 'via', gateway]);
      host().run(name, ['nft', loopbackForger]);
    }
    // Also when somebody lets packets for loopback in from the wire.
    host().run('host', ['sysctl', '-qw', 'net.ipv4.conf.wan.route_localnet=1']);
    await expectAll(
      [
        ['outside', '198.51.100.1', 8081, 'refused'],
        ['outside', '192.0.2.1', 8081, 'refused'],
        ['a2', '198.51.100.1', 8081, 'silence'],
        ['a2', '198.51.100.1', 80, 'silence'],
      ],
      ['tcp'],
    );
    assert.match(beginnings('guard'), /counter packets [1-9]/);
  });

  test('neither another engine’s translation nor a rule that passes connection tracking over opens loopback', async () => {
    const loopback = 'iifname "br-a" ip daddr 127.0.0.1 tcp dport';
    host().run('host', [
      'nft',
      `table ip other {
  chain early { type filter hook prerouting priority raw; ${loopback} 80 notrack; }
  chain ports { type nat hook prerouting priority dstnat; ${loopback} 8086 dnat to 172.30.2.2:80; }
  chain own { type nat hook prerouting priority dstnat; ${loopback} 8088 dnat to 127.0.0.1:80; }
  chain names { type nat hook prerouting priority dstnat; iifname "br-a" ip daddr 172.30.1.1 tcp dport 8087 dnat to 127.0.0.1:80; }
}
`.replaceAll('; }', ';\n}'),
    ]);
    await expectAll(
      [
        ['a2', '198.51.100.1', 8086, 'silence'],
        ['a2', '198.51.100.1', 8088, 'silence'],
        ['a2', '198.51.100.1', 80, 'silence'],
        // What the host’s own rules lead there is for whom they say.
        ['a2', '172.30.1.1', 8087, 'host 172.30.1.3 80'],
        ['host', '127.0.0.1', 8081, 'a1 172.30.1.1 80'],
      ],
      ['tcp'],
    );
    assert.match(beginnings('bridged'), /counter packets [1-9]/);
    const guarded = host().run('host', ['nft', 'list', 'chain', 'inet', 'fairlead', 'guarded']);
    assert.match(guarded, /counter packets [1-9]\d* bytes \d+ drop comment "not for containers/);
    host().run('host', ['nft', 'delete', 'table', 'ip', 'other']);
  });
}
