import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipFromInteger, type Prefix, parsePrefix, prefixCovers, prefixesOverlap, prefixOf } from '@fairlead/base';
import fc from 'fast-check';
import { chooseSubnet, isAnySubnet, requireFreeSubnet } from './subnet-choice.ts';
import { localSubnetSources, type SubnetSource, subnetSources } from './subnet-source.ts';

const prefixes = (...texts: string[]) => texts.map(parsePrefix);
const choose = (taken: Prefix[], reserved: Prefix[] = [], length?: number) =>
  chooseSubnet({ family: 4, sources: localSubnetSources, taken, reserved, length });
const exhausted = { code: 'invalid-argument', message: 'all predefined address pools have been fully subnetted' };

describe('chooseSubnet', () => {
  const table: [taken: string[], reserved: string[], length: number | undefined, expected: string][] = [
    [[], [], undefined, '172.17.0.0/16'],
    [['172.17.0.0/16'], [], undefined, '172.18.0.0/16'],
    [['172.17.200.0/24', '172.18.0.0/15', '172.21.0.0/16'], [], undefined, '172.20.0.0/16'],
    [['172.17.0.0/16', '172.18.0.0/16', '172.19.0.0/16', '172.20.0.0/16'], [], undefined, '172.21.0.0/16'],
    [['172.16.0.0/12'], [], undefined, '192.168.0.0/20'],
    [['172.16.0.0/12'], ['192.168.0.1/32', '192.168.16.0/24'], undefined, '192.168.32.0/20'],
    [[], ['172.17.0.0/30', '172.17.0.6/32'], 30, '172.17.0.8/30'],
    [['172.17.0.0/16'], [], 24, '172.18.0.0/24'],
    [[], [], 14, '172.20.0.0/14'],
    [['10.0.0.0/8', 'fd00::/8'], [], undefined, '172.17.0.0/16'],
  ];
  for (const [taken, reserved, length, expected] of table) {
    it(`gives ${expected} beside ${taken} and ${reserved}${length ? ` for a /${length}` : ''}`, () => {
      assert.equal(choose(prefixes(...taken), prefixes(...reserved), length), expected);
    });
  }

  it('gives 31 networks of the built-in sources and then refuses', () => {
    const taken: Prefix[] = [];
    for (let count = 0; count < 31; count++) taken.push(choose(taken));
    assert.equal(new Set(taken).size, 31);
    assert.equal(taken.at(-1), '192.168.240.0/20');
    assert.throws(() => choose(taken), exhausted);
  });

  it('refuses a subnet that is larger than every source', () => {
    assert.throws(() => choose([], [], 8), exhausted);
  });

  it('gives consecutive /64 of the unique local /48', () => {
    const sources = subnetSources(localSubnetSources, 'engine');
    const next = (taken: Prefix[]) => chooseSubnet({ family: 6, sources, taken, reserved: [] });
    const first = next([]);
    const second = next([first]);
    assert.match(first, /^fd.*::\/64$/);
    assert.equal(second, first.replace('::/64', ':1::/64'));
  });

  it('never overlaps what is taken or reserved, and passes over nothing that is free', () => {
    const within = parsePrefix('10.0.0.0/16');
    const sources: SubnetSource[] = [{ base: within, size: 20 }];
    const inside = fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 17, max: 32 }))
      .map(([low, length]) => prefixOf(ipFromInteger(0x0a000000n + BigInt(low), 4), length));
    fc.assert(
      fc.property(fc.array(inside, { maxLength: 30 }), fc.array(inside, { maxLength: 5 }), (taken, reserved) => {
        const blockers = [...taken, ...reserved];
        const chunks = Array.from({ length: 16 }, (_, index) => parsePrefix(`10.0.${index * 16}.0/20`));
        const expected = chunks.find((chunk) => !blockers.some((blocker) => prefixesOverlap(blocker, chunk)));
        if (expected === undefined) {
          assert.throws(() => chooseSubnet({ family: 4, sources, taken, reserved }), exhausted);
          return;
        }
        const chosen = chooseSubnet({ family: 4, sources, taken, reserved });
        assert.equal(chosen, expected);
        assert.ok(prefixCovers(within, chosen));
      }),
    );
  });
});

describe('an explicit subnet', () => {
  const forbidden = {
    code: 'forbidden',
    message: 'invalid pool request: Pool overlaps with other one on this address space',
  };
  const claim = (subnet: string, range?: string) => ({
    subnet: parsePrefix(subnet),
    range: range === undefined ? undefined : parsePrefix(range),
  });

  it('must not overlap another', () => {
    const taken = [claim('10.0.0.0/16')];
    requireFreeSubnet(claim('10.1.0.0/16'), taken);
    for (const subnet of ['10.0.0.0/16', '10.0.4.0/24', '10.0.0.0/8']) {
      assert.throws(() => requireFreeSubnet(claim(subnet), taken), forbidden);
    }
  });

  it('may be shared by networks with different ranges', () => {
    const taken = [claim('10.0.0.0/16', '10.0.1.0/24')];
    requireFreeSubnet(claim('10.0.0.0/16', '10.0.2.0/24'), taken);
    assert.throws(() => requireFreeSubnet(claim('10.0.0.0/16', '10.0.1.128/25'), taken), forbidden);
    assert.throws(() => requireFreeSubnet(claim('10.0.0.0/16'), taken), forbidden);
  });

  it('can mean any subnet of its length', () => {
    assert.ok(isAnySubnet(parsePrefix('0.0.0.0/24')));
    assert.ok(isAnySubnet(parsePrefix('::/64')));
    assert.ok(!isAnySubnet(parsePrefix('10.0.0.0/24')));
    assert.ok(!isAnySubnet(parsePrefix('0.0.0.0/0')));
  });
});
