import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { type HostsFile, hostsFile } from './hosts-file.ts';

const LOCALHOST = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];
const plain: HostsFile = {
  hostname: 'web',
  domainname: '',
  extraHosts: [],
  hostGateways: [],
  endpoints: [],
  links: [],
};
const [ipv4, ipv6, gateway4, gateway6] = ['10.0.0.2', 'fd00::2', '172.17.0.1', 'fd17::1'].map(parseIpAddress);
assert.ok(ipv4 && ipv6 && gateway4 && gateway6);

const cases: readonly [string, Partial<HostsFile>, readonly string[]][] = [
  ['no network, only localhost', {}, []],
  ['a line for each address', { endpoints: [{ ipv4, ipv6 }] }, ['10.0.0.2\tweb', 'fd00::2\tweb']],
  ['a domain name', { endpoints: [{ ipv4 }], domainname: 'example.com' }, ['10.0.0.2\tweb.example.com web']],
  ['a domain in the host name', { endpoints: [{ ipv4 }], hostname: 'a.b.c' }, ['10.0.0.2\ta.b.c a']],
  ['a domain in both', { endpoints: [{ ipv4 }], hostname: 'a.b', domainname: 'c.d' }, ['10.0.0.2\ta.b.c.d a']],
  ['extra hosts in the order given', { extraHosts: ['b:192.0.2.2', 'a:192.0.2.1'] }, ['192.0.2.2\tb', '192.0.2.1\ta']],
  [
    'IPv6 with and without brackets',
    { extraHosts: ['a:[2001:db8::1]', 'b:2001:db8::2'] },
    ['2001:db8::1\ta', '2001:db8::2\tb'],
  ],
  [
    'the host’s gateways',
    { extraHosts: ['up:host-gateway'], hostGateways: [gateway4, gateway6] },
    ['172.17.0.1\tup', 'fd17::1\tup'],
  ],
  [
    'links before the container’s own lines',
    { links: [{ address: gateway4, names: ['db', 'abc', 'db-1'] }], endpoints: [{ ipv4 }] },
    ['172.17.0.1\tdb abc db-1', '10.0.0.2\tweb'],
  ],
  ['no addresses with the host’s network', { endpoints: [{}] }, []],
];

for (const [name, file, lines] of cases) {
  test(`hosts: ${name}`, () => {
    assert.equal(hostsFile({ ...plain, ...file }), [...LOCALHOST, ...lines, ''].join('\n'));
  });
}
