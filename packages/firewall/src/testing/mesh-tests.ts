import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { meshElements } from '../routing-mesh.ts';
import type { TestHost } from './test-host.ts';

/** One port of the host to port 80 of several containers that stand for one another. */
function balance(port: number, addresses: readonly string[]): ElementObject[] {
  const backends = addresses.map((address) => ({ address: parseIpAddress(address), port: 80 }));
  return (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => meshElements({ protocol, port, backends }));
}

/** A port of a service whose containers are a1, a2 and b1, and one of a service that has none. */
export const balancedPorts: readonly ElementObject[] = [
  ...balance(8090, ['172.30.1.2', '172.30.1.3', '172.30.2.2', 'fd00:a::2', 'fd00:a::3', 'fd00:b::2']),
  ...balance(8091, []),
];

/** The host's address on the bridge of a container: who asks inside is seen under it. */
function gatewayOf(name: string, asked: string): string {
  const bridge = name.slice(0, 1);
  return asked.includes(':') ? `fd00:${bridge}::1` : `172.30.${bridge === 'a' ? 1 : 2}.1`;
}

/** Ports of services on a host with {@link balancedPorts}. */
export function defineMeshTests(host: () => TestHost): void {
  for (const [from, address, seen] of [
    ['outside', '192.0.2.1', () => '192.0.2.2'],
    ['outside', '2001:db8::1', () => '2001:db8::2'],
    ['host', '127.0.0.1', gatewayOf],
    ['host', '2001:db8::1', gatewayOf],
    ['a1', '192.0.2.1', gatewayOf],
    ['b1', 'fd00:b::1', gatewayOf],
  ] as const) {
    test(`a port of a service leads from ${from} by ${address} to each of its containers`, async () => {
      for (const protocol of ['tcp', 'udp', 'sctp'] as const) {
        const answered = new Set<string>();
        // Forty draws miss one of three once in three million times.
        for (let draw = 0; draw < 40 && answered.size < 3; draw++) {
          const answer = await host().ask(from, address, 8090, protocol);
          const [name = ''] = answer.split(' ');
          assert.equal(answer, `${name} ${seen(name, address)} 80`, protocol);
          answered.add(name);
        }
        assert.deepEqual([...answered].sort(), ['a1', 'a2', 'b1'], protocol);
      }
    });
  }

  test('a port of a service that has no container is the host’s own', async () => {
    assert.equal(await host().ask('outside', '192.0.2.1', 8091), 'refused');
  });
}
