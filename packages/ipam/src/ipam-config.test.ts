import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IpamConfigEntry, parseIpamConfig, validateIpamConfig } from './ipam-config.ts';

const subnet = '10.0.0.0/24';
const table: [entry: IpamConfigEntry, messages: string[]][] = [
  [{ subnet }, []],
  [{ subnet: '', gateway: '' }, []],
  [{ subnet, range: '10.0.0.128/25', gateway: '10.0.0.1', auxiliary: { dns: '10.0.0.2' } }, []],
  [{ subnet: '10.0.0.1/24' }, ['invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24']],
  [{ subnet: 'net' }, ['invalid subnet net: invalid CIDR block notation']],
  [{ gateway: '10.0.0.1' }, ['invalid subnet : invalid CIDR block notation']],
  [{ subnet, range: 'r' }, ['invalid ip-range r: invalid CIDR block notation']],
  [
    { subnet, range: '10.0.0.0/16' },
    ['invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24'],
  ],
  [{ subnet, range: '10.0.0.129/25' }, ['invalid ip-range 10.0.0.129/25: it should be 10.0.0.128/25']],
  [
    { subnet, range: '10.0.1.0/25' },
    ["invalid ip-range 10.0.1.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range"],
  ],
  [{ subnet, range: 'fd00::/96' }, ['invalid ip-range fd00::/96: parent subnet is an IPv4 block']],
  [{ subnet, gateway: 'gate' }, ['invalid gateway gate: invalid address']],
  [
    { subnet, gateway: '10.0.1.1' },
    ["invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address"],
  ],
  [{ subnet: 'fd00::/64', gateway: '10.0.1.1' }, ['invalid gateway 10.0.1.1: parent subnet is an IPv6 block']],
  [
    { subnet, auxiliary: { router: '10.0.1.1' } },
    ["invalid auxiliary address router: parent subnet 10.0.0.0/24 doesn't contain this address"],
  ],
  [
    { subnet: '10.0.0.1/24', range: '10.1.0.1/16', gateway: 'x', auxiliary: { a: 'y' } },
    [
      'invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24',
      'invalid ip-range 10.1.0.1/16: CIDR block is bigger than its parent subnet 10.0.0.1/24',
      'invalid ip-range 10.1.0.1/16: it should be 10.1.0.0/16',
      "invalid ip-range 10.1.0.1/16: parent subnet 10.0.0.1/24 doesn't contain ip-range",
      'invalid gateway x: invalid address',
      'invalid auxiliary address a: invalid address',
    ],
  ],
];

describe('validateIpamConfig', () => {
  for (const [entry, messages] of table) {
    it(`finds ${messages.length} faults in ${JSON.stringify(entry)}`, () => {
      assert.deepEqual(validateIpamConfig([entry], { ipv6Enabled: true }), messages);
    });
  }

  it('does not look at IPv6 entries when IPv6 is off', () => {
    const entries = [{ subnet: 'fd00::1/64', gateway: 'nonsense' }];
    assert.equal(validateIpamConfig(entries, { ipv6Enabled: true }).length, 2);
    assert.deepEqual(validateIpamConfig(entries, { ipv6Enabled: false }), []);
    assert.deepEqual(parseIpamConfig(entries, { ipv6Enabled: false }), []);
  });
});

describe('parseIpamConfig', () => {
  it('puts IPv4 entries first and leaves empty ones out', () => {
    const entries = [
      { subnet: 'fd00:0::/64' },
      {},
      { subnet, range: '10.0.0.128/25', gateway: '10.0.0.9', auxiliary: { a: '10.0.0.3', none: '' } },
    ];
    assert.deepEqual(parseIpamConfig(entries, { ipv6Enabled: true }), [
      { subnet, range: '10.0.0.128/25', gateway: '10.0.0.9', auxiliary: new Map([['a', '10.0.0.3']]) },
      { subnet: 'fd00::/64', range: undefined, gateway: undefined, auxiliary: new Map() },
    ]);
  });

  it('reports one fault plainly and several as a list', () => {
    const parse = (entry: IpamConfigEntry) => () => parseIpamConfig([entry], { ipv6Enabled: false });
    assert.throws(parse({ subnet: 'x' }), {
      code: 'invalid-argument',
      message: 'invalid network config:\ninvalid subnet x: invalid CIDR block notation',
    });
    assert.throws(parse({ subnet, range: 'r', gateway: 'g' }), {
      code: 'invalid-argument',
      message: [
        'invalid network config:',
        '* invalid ip-range r: invalid CIDR block notation',
        '* invalid gateway g: invalid address',
      ].join('\n'),
    });
  });
});
