import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { parseExposedPorts, parsePortMap, presentBindings, presentBound, presentPortList } from './port-map.ts';

const any4 = parseIpAddress('0.0.0.0');
const any6 = parseIpAddress('::');

test('bindings of every form are read', () => {
  const http = { protocol: 'tcp', containerPort: 80 } as const;
  for (const [binding, expected] of [
    [{ HostIp: '', HostPort: '' }, {}],
    [{ HostIp: '', HostPort: '0' }, {}],
    [{ HostIp: '', HostPort: '8080' }, { hostPorts: { first: 8080, last: 8080 } }],
    [{ HostIp: '', HostPort: '8000-8010' }, { hostPorts: { first: 8000, last: 8010 } }],
    [{ HostIp: '0.0.0.0', HostPort: '' }, { hostAddress: any4 }],
  ] as const) {
    assert.deepEqual(parsePortMap({ '80/tcp': [binding] }), [{ ...http, ...expected }]);
  }
  assert.deepEqual(parsePortMap({ '53/UDP': [] }), [{ protocol: 'udp', containerPort: 53 }]);
  assert.deepEqual(parsePortMap({ '80': null }), [http]);
});

test('the ports of a range, as the docker command writes them, are one binding again', () => {
  const asked = Array.from({ length: 100 }, (_, at) => [
    `${8000 + at}/tcp`,
    [{ HostIp: '', HostPort: `${9000 + at}` }],
  ]);
  const map = Object.fromEntries(asked);
  const binding = { protocol: 'tcp', containerPort: 8000, count: 100, hostPorts: { first: 9000, last: 9099 } } as const;
  assert.deepEqual(parsePortMap(map), [binding]);
  assert.deepEqual(presentBindings([binding]), map);
});

test('ranges of exposed ports are spread out', () => {
  assert.deepEqual(parseExposedPorts(['80', '90-91/udp']), ['80/tcp', '90/udp', '91/udp']);
});

test('what is no port is refused in the words of Docker', () => {
  for (const [map, message] of [
    [{ 'x/tcp': [] }, 'invalid port specification: "x"'],
    [{ '0/tcp': [{ HostIp: '', HostPort: '80' }] }, 'invalid port specification: "0/tcp"'],
    [{ '80/icmp': [] }, 'invalid port specification: "80/icmp"'],
    [{ '80/tcp': [{ HostIp: '', HostPort: '99999' }] }, 'invalid port specification: "99999"'],
    [{ '80/tcp': [{ HostIp: 'here', HostPort: '' }] }, 'invalid IP address: here'],
  ] as const) {
    assert.throws(() => parsePortMap(map), { code: 'invalid-argument', message });
  }
});

test('bindings are shown as they were asked for', () => {
  const map = {
    '80/tcp': [
      { HostIp: '127.0.0.1', HostPort: '8080' },
      { HostIp: '', HostPort: '' },
    ],
    '53/udp': [{ HostIp: '', HostPort: '1-2' }],
  };
  assert.deepEqual(presentBindings(parsePortMap(map)), map);
});

test('bound ports show both families, exposed ones null', () => {
  const bound = [
    { protocol: 'tcp', containerPort: 80, hostAddress: any6, hostPort: 8080 },
    { protocol: 'tcp', containerPort: 80, hostAddress: any4, hostPort: 8080 },
  ] as const;
  assert.deepEqual(presentBound(bound, ['443/tcp', '80/tcp']), {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '443/tcp': null,
  });
  assert.deepEqual(presentPortList(bound, ['443/tcp', '80/tcp']), [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 443, Type: 'tcp' },
  ]);
});
