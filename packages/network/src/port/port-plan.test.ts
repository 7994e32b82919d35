import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Family,
  formatPortRange,
  type IpAddress,
  parseIpAddress,
  parsePortRange,
  parsePortSpec,
} from '@fairlead/base';
import { boundPorts } from './bound-ports.ts';
import { isServedBy, keepsAll, mappingsOf, withNumbersOf } from './planned-mappings.ts';
import { openPorts } from './port-binding.ts';
import type { PortBinding, PortMapping } from './port-model.ts';
import { type PlannedPorts, planPorts } from './port-plan.ts';

/** Bindings as the command line makes them: one for each port of a range. */
function bindings(...specs: string[]): PortBinding[] {
  return specs.map(parsePortSpec).flatMap(({ protocol, containerPorts, hostAddress, hostPorts }) => {
    const size = containerPorts.last - containerPorts.first + 1;
    return Array.from({ length: size }, (_, offset) => ({
      protocol,
      containerPort: containerPorts.first + offset,
      ...(hostAddress && { hostAddress }),
      ...(hostPorts && {
        hostPorts: size === 1 ? hostPorts : { first: hostPorts.first + offset, last: hostPorts.first + offset },
      }),
    }));
  });
}

function show({ reservation: { protocol, addresses, ports, count }, containerPorts }: PlannedPorts): string {
  const host = ports === undefined ? 'any' : formatPortRange(ports);
  const open = ports === undefined || ports.last - ports.first + 1 !== count ? ` ×${count}` : '';
  return `${addresses.join(' ')} ${host}${open} → ${formatPortRange(containerPorts)}/${protocol}`;
}

const both = [4, 6] as const;
const plans: readonly [string, readonly string[], readonly Family[], string | undefined, readonly string[]][] = [
  ['no address stands for both families', ['8080:80'], both, undefined, ['0.0.0.0 :: 8080 → 80/tcp']],
  ['a family without a way in is left out', ['8080:80'], [4], undefined, ['0.0.0.0 8080 → 80/tcp']],
  ['0.0.0.0 means IPv4', ['0.0.0.0:8080:80'], both, undefined, ['0.0.0.0 8080 → 80/tcp']],
  [':: means IPv6', ['[::]:8080:80/udp'], both, undefined, [':: 8080 → 80/udp']],
  ['an address of a family without a way in is left out', ['[::1]:8080:80'], [4], undefined, []],
  ['the network’s binding is the default', ['8080:80'], both, '127.0.0.1', ['127.0.0.1 8080 → 80/tcp']],
  ['it may have both families', ['8080:80'], both, '127.0.0.1,::1', ['127.0.0.1 ::1 8080 → 80/tcp']],
  ['and is the default for any free port', ['80'], both, '127.0.0.1,::1', ['127.0.0.1 ::1 any ×1 → 80/tcp']],
  ['but only for those that say nothing', ['0.0.0.0:8080:80'], both, '127.0.0.1,::1', ['0.0.0.0 8080 → 80/tcp']],
  ['and in families with a way in', ['8080:80'], [4], '127.0.0.1,::1', ['127.0.0.1 8080 → 80/tcp']],
  ['an unspecified default stands for both families', ['8080:80'], both, '0.0.0.0', ['0.0.0.0 :: 8080 → 80/tcp']],
  ['an unspecified IPv6 default means IPv6', ['8080:80'], both, '::', [':: 8080 → 80/tcp']],
  ['any free port', ['80', '53/udp'], [4], undefined, ['0.0.0.0 any ×1 → 80/tcp', '0.0.0.0 any ×1 → 53/udp']],
  ['any free port on one address', ['127.0.0.1::80'], both, undefined, ['127.0.0.1 any ×1 → 80/tcp']],
  [
    'any free port of a range, before those that may be any',
    ['81', '8000-8010:80'],
    [4],
    undefined,
    ['0.0.0.0 8000-8010 ×1 → 80/tcp', '0.0.0.0 any ×1 → 81/tcp'],
  ],
  ['a range in one piece', ['8000-8010:8000-8010'], both, undefined, ['0.0.0.0 :: 8000-8010 → 8000-8010/tcp']],
  [
    'a range with other numbers in one piece',
    ['8000-8002:80-82/sctp'],
    [4],
    undefined,
    ['0.0.0.0 8000-8002 → 80-82/sctp'],
  ],
  [
    'neighbours become one piece, in whatever order they come',
    ['8002:82', '8000:80', '8001:81'],
    [4],
    undefined,
    ['0.0.0.0 8000-8002 → 80-82/tcp'],
  ],
  [
    'neighbours on one side only stay apart',
    ['8000:80', '8001:82'],
    [4],
    undefined,
    ['0.0.0.0 8001 → 82/tcp', '0.0.0.0 8000 → 80/tcp'],
  ],
  [
    'protocols stay apart',
    ['8000:80', '8001:81/udp'],
    [4],
    undefined,
    ['0.0.0.0 8000 → 80/tcp', '0.0.0.0 8001 → 81/udp'],
  ],
  [
    'addresses stay apart',
    ['127.0.0.1:80:80', '127.0.0.2:81:81'],
    [4],
    undefined,
    ['127.0.0.1 80 → 80/tcp', '127.0.0.2 81 → 81/tcp'],
  ],
  [
    'one container port on two addresses gets the same number',
    ['127.0.0.1::80', '127.0.0.2::80'],
    [4],
    undefined,
    ['127.0.0.1 127.0.0.2 any ×1 → 80/tcp'],
  ],
  [
    'asked for twice anywhere, a port has two numbers',
    ['80', '80'],
    [4],
    undefined,
    ['0.0.0.0 any ×1 → 80/tcp', '0.0.0.0 any ×1 → 80/tcp'],
  ],
  [
    'asked for twice at one place, a port is published once',
    ['8080:80', '0.0.0.0:8080:80', '8080:80'],
    both,
    undefined,
    ['0.0.0.0 :: 8080 → 80/tcp'],
  ],
];

for (const [name, specs, families, defaultBinding, expected] of plans) {
  test(`port plan: ${name}`, () => {
    const plan = planPorts(bindings(...specs), new Set(families), defaultBinding?.split(',').map(parseIpAddress));
    assert.deepEqual(plan.map(show), expected);
  });
}

const conflicts: readonly [readonly string[], string][] = [
  [['8080:80', '8080:81'], '0.0.0.0:8080'],
  [['[::]:8080:80', '8080:81'], '[::]:8080'],
  [['127.0.0.1:8080:80', '0.0.0.0:8080:81'], '0.0.0.0:8080'],
  [['0.0.0.0:8080:80', '127.0.0.1:8080:81'], '127.0.0.1:8080'],
  [['8000-8010:8000-8010', '8005:80'], '0.0.0.0:8005'],
];

for (const [specs, place] of conflicts) {
  test(`port plan: ${specs.join(' and ')} want the same host port`, () => {
    assert.throws(() => planPorts(bindings(...specs), new Set(both)), {
      code: 'internal',
      message: `Bind for ${place} failed: port is already allocated`,
    });
  });
}

function mapping(text: string): PortMapping {
  const [, address = '', host = '', container = '', protocol = ''] = /^(\S+) (\S+) → (\S+)\/(\w+)$/.exec(text) ?? [];
  const [hostPorts, containerPorts] = [parsePortRange(host), parsePortRange(container)];
  assert.ok(hostPorts && containerPorts && protocol === 'tcp');
  return { protocol, hostAddress: parseIpAddress(address), hostPorts, containerPorts };
}

const reuse: readonly [
  string,
  readonly string[],
  readonly string[],
  { served: boolean; kept: boolean; next: readonly string[] },
][] = [
  [
    'the same',
    ['8080:80'],
    ['0.0.0.0 8080 → 80/tcp', ':: 8080 → 80/tcp'],
    { served: true, kept: true, next: ['0.0.0.0 :: 8080 → 80/tcp'] },
  ],
  [
    'a family more',
    ['8080:80'],
    ['0.0.0.0 8080 → 80/tcp'],
    { served: false, kept: true, next: ['0.0.0.0 :: 8080 → 80/tcp'] },
  ],
  [
    'a family more for any free port',
    ['80'],
    ['0.0.0.0 32768 → 80/tcp'],
    { served: false, kept: true, next: ['0.0.0.0 :: 32768 → 80/tcp'] },
  ],
  [
    'a family less',
    ['0.0.0.0:8080:80'],
    ['0.0.0.0 8080 → 80/tcp', ':: 8080 → 80/tcp'],
    { served: false, kept: false, next: ['0.0.0.0 8080 → 80/tcp'] },
  ],
  [
    'another number',
    ['8081:80'],
    ['0.0.0.0 8080 → 80/tcp', ':: 8080 → 80/tcp'],
    { served: false, kept: false, next: ['0.0.0.0 :: 8081 → 80/tcp'] },
  ],
  [
    'any number serves who takes any',
    ['80'],
    ['0.0.0.0 9 → 80/tcp', ':: 9 → 80/tcp'],
    { served: true, kept: true, next: ['0.0.0.0 :: 9 → 80/tcp'] },
  ],
  [
    'a number outside of the range does not',
    ['8-9:80'],
    ['0.0.0.0 7 → 80/tcp', ':: 7 → 80/tcp'],
    { served: false, kept: false, next: ['0.0.0.0 :: 8-9 ×1 → 80/tcp'] },
  ],
  [
    'a fixed number is no free one',
    ['80', '80:80'],
    ['0.0.0.0 80 → 80/tcp', ':: 80 → 80/tcp'],
    { served: false, kept: true, next: ['0.0.0.0 :: 80 → 80/tcp', '0.0.0.0 :: any ×1 → 80/tcp'] },
  ],
  [
    'a fixed number and a free one beside it',
    ['80', '80:80'],
    ['0.0.0.0 80 → 80/tcp', ':: 80 → 80/tcp', '0.0.0.0 9 → 80/tcp', ':: 9 → 80/tcp'],
    { served: true, kept: true, next: ['0.0.0.0 :: 80 → 80/tcp', '0.0.0.0 :: 9 → 80/tcp'] },
  ],
  [
    'one of a fixed range is no free one',
    ['80', '80-81:80-81'],
    ['0.0.0.0 80 → 80/tcp', ':: 80 → 80/tcp'],
    { served: false, kept: false, next: ['0.0.0.0 :: 80-81 → 80-81/tcp', '0.0.0.0 :: any ×1 → 80/tcp'] },
  ],
  [
    'nor one that is fixed for another port of the container',
    ['80', '127.0.0.1:9:90'],
    ['0.0.0.0 9 → 80/tcp', ':: 9 → 80/tcp'],
    { served: false, kept: false, next: ['127.0.0.1 9 → 90/tcp', '0.0.0.0 :: any ×1 → 80/tcp'] },
  ],
];

for (const [name, specs, before, { served, kept, next }] of reuse) {
  test(`ports that are there already: ${name}`, () => {
    const mappings = before.map(mapping);
    const plan = planPorts(bindings(...specs), new Set(both));
    const numbered = withNumbersOf(plan, mappings);
    assert.deepEqual(numbered.map(show), next);
    assert.deepEqual({ served: isServedBy(plan, mappings), kept: keepsAll(numbered, mappings) }, { served, kept });
  });
}

test('a plan becomes mappings, and these single ports', () => {
  const plan = planPorts(bindings('8000-8001:80-81', '53/udp'), new Set(both));
  const mappings = mappingsOf(plan, [
    { first: 8000, last: 8001 },
    { first: 40_000, last: 40_000 },
  ]);
  assert.deepEqual(
    boundPorts(mappings).map(
      ({ protocol, hostAddress, hostPort, containerPort }) =>
        `${hostAddress} ${hostPort} → ${containerPort}/${protocol}`,
    ),
    [
      '0.0.0.0 8000 → 80/tcp',
      '0.0.0.0 8001 → 81/tcp',
      ':: 8000 → 80/tcp',
      ':: 8001 → 81/tcp',
      '0.0.0.0 40000 → 53/udp',
      ':: 40000 → 53/udp',
    ],
  );
  assert.throws(() => mappingsOf(plan, []), { code: 'internal' });
});

test('ports that are open without translation are in pieces that do not overlap', () => {
  const open = (family: Family) =>
    openPorts(bindings('80', '8080:80', '81', '83', '0.0.0.0:90:90', '80/udp'), family).map(
      ({ protocol, containerPorts }) => `${formatPortRange(containerPorts)}/${protocol}`,
    );
  assert.deepEqual(open(4), ['80-81/tcp', '83/tcp', '90/tcp', '80/udp']);
  assert.deepEqual(open(6), ['80-81/tcp', '83/tcp', '80/udp']);
});

test('a whole port space is planned at once', () => {
  const plan = planPorts(bindings('1-65535:1-65535'), new Set<Family>([4]));
  assert.deepEqual(plan.map(show), ['0.0.0.0 1-65535 → 1-65535/tcp']);
  assert.equal(plan[0]?.reservation.addresses.includes('0.0.0.0' as IpAddress), true);
});
