import { test } from 'node:test';
import { type PortProtocol, parseIpAddress, parsePortPolicy } from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { admissionElements } from '../port-admission.ts';
import { portMappingElements } from '../port-mapping.ts';
import type { TestHost } from './test-host.ts';

/** Questions, and what each must be answered with. */
export type Expectations = readonly [
  from: string,
  address: string,
  port: number,
  answer: string,
  protocol?: PortProtocol,
][];

/** One port of the host for some askers only. */
function publishFor(
  policy: readonly [sources: string | undefined, interfaces?: string],
  hostAddress: string,
  ports: readonly [first: number, last: number],
  containerAddress: string,
  containerPort: number,
): ElementObject[] {
  const [first, last] = ports;
  const place = { address: parseIpAddress(hostAddress), ports: { first, last }, policy: parsePortPolicy(...policy) };
  return [
    ...(['tcp', 'udp', 'sctp'] as const).flatMap((protocol) => [
      ...admissionElements({ ...place, protocol }),
      ...portMappingElements({
        protocol,
        hostAddress: parseIpAddress(hostAddress),
        hostPorts: place.ports,
        containerAddress: parseIpAddress(containerAddress),
        containerPorts: { first: containerPort, last: containerPort + last - first },
        limited: true,
      }),
    ]),
  ];
}

/**
 * The tests of ports for some askers, for a host as the tests of the data path have it.
 *
 * @param context.replaceable elements that are there; ranges on one address are taken out meanwhile.
 */
export function defineLimitedPortTests({
  host,
  replaceable,
  expectAll,
}: {
  readonly host: () => TestHost;
  readonly replaceable: readonly ElementObject[];
  readonly expectAll: (expectations: Expectations, protocols?: readonly PortProtocol[]) => Promise<void>;
}): void {
  test('a port for some askers answers these and the host itself, and nobody else', async () => {
    const friend = publishFor(['192.0.2.0/24,2001:db8::2'], '0.0.0.0', [8090, 8090], '172.30.1.2', 80);
    const stranger = publishFor(['198.51.100.0/24,2001:db8:1::/48'], '0.0.0.0', [8091, 8091], '172.30.1.2', 80);
    const limited = [
      ...friend,
      ...stranger,
      ...publishFor(['2001:db8::2'], '::', [8090, 8090], 'fd00:a::2', 80),
      ...publishFor(['2001:db8:1::/48'], '::', [8091, 8091], 'fd00:a::2', 80),
      ...publishFor([undefined, 'wan'], '0.0.0.0', [8092, 8092], '172.30.1.2', 80),
      ...publishFor([undefined, 'wan'], '::', [8092, 8092], 'fd00:a::2', 80),
      ...publishFor(['192.0.2.2', 'br-b'], '192.0.2.1', [9000, 9009], '172.30.1.2', 9000),
      ...publishFor(['192.0.2.2', 'br-b,wan'], '192.0.2.1', [9100, 9109], '172.30.1.2', 9100),
      ...publishFor([''], '0.0.0.0', [8093, 8093], '172.30.1.2', 80),
      ...publishFor(['172.30.2.0/24'], '0.0.0.0', [8094, 8094], '172.30.1.2', 80),
    ];
    const replaced = replaceable.filter(({ set }) => set.startsWith('publish_') && set.includes('range4'));
    host().elements('delete', replaced);
    host().elements('add', limited);
    const names = ['tcp', 'udp', 'sctp'] as const;
    await expectAll(
      [
        ['outside', '192.0.2.1', 8090, 'a1 192.0.2.2 80'],
        ['outside', '2001:db8::1', 8090, 'a1 2001:db8::2 80'],
        ['outside', '192.0.2.1', 8091, 'silence'],
        ['outside', '2001:db8::1', 8091, 'silence'],
        ['host', '192.0.2.1', 8091, 'a1 172.30.1.1 80'],
        ['host', '127.0.0.1', 8091, 'a1 172.30.1.1 80'],
        ['host', '2001:db8::1', 8091, 'a1 fd00:a::1 80'],
        ['b1', '192.0.2.1', 8090, 'silence'],
        ['b1', '192.0.2.1', 8094, 'a1 172.30.1.1 80'],
        ['a2', '192.0.2.1', 8094, 'silence'],
        ['outside', '192.0.2.1', 8092, 'a1 192.0.2.2 80'],
        ['outside', '2001:db8::1', 8092, 'a1 2001:db8::2 80'],
        ['b1', '192.0.2.1', 8092, 'silence'],
        ['b1', '2001:db8::1', 8092, 'silence'],
        ['outside', '192.0.2.1', 9003, 'silence'],
        ['outside', '192.0.2.1', 9102, 'a1 192.0.2.2 9102'],
        ['b1', '192.0.2.1', 9102, 'silence'],
        ['outside', '192.0.2.1', 8093, 'silence'],
        ['host', '192.0.2.1', 8093, 'a1 172.30.1.1 80'],
      ],
      names,
    );
    host().elements('delete', limited);
    host().elements('add', replaced);
    await expectAll([['outside', '192.0.2.1', 9003, 'a1 192.0.2.2 9003']]);
  });

  test('a port for some askers is relayed for these only', async () => {
    const closed = { address: parseIpAddress('::'), ports: { first: 8085, last: 8085 } } as const;
    const limit = (sources: string) =>
      (['tcp', 'udp'] as const).flatMap((protocol) =>
        admissionElements({ ...closed, protocol, policy: parsePortPolicy(sources, undefined) }),
      );
    const ask = (answer: string) =>
      expectAll(
        [
          ['outside', '2001:db8::1', 8085, answer],
          ['outside', 'fe80::1%eth0', 8085, answer],
          ['host', '::1', 8085, 'a1 172.30.1.1 80'],
          ['host', '2001:db8::1', 8085, 'a1 172.30.1.1 80'],
        ],
        ['tcp', 'udp'],
      );
    host().elements('add', limit('2001:db8:1::/48'));
    await ask('silence');
    host().elements('delete', limit('2001:db8:1::/48'));
    host().elements('add', limit('2001:db8::/64,fe80::/10'));
    await ask('a1 172.30.1.1 80');
    host().elements('delete', limit('2001:db8::/64,fe80::/10'));
  });
}
