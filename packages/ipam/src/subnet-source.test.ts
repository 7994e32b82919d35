import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { parsePrefix, prefixCovers, prefixLength } from '@fairlead/base';
import {
  localSubnetSources,
  parseSubnetSourceFlag,
  parseSubnetSources,
  subnetSources,
  uniqueLocalSource,
} from './subnet-source.ts';

const invalid = (message: string) => ({ code: 'invalid-argument', message });

describe('built-in sources', () => {
  it('hold the 31 networks of Docker', () => {
    const networks = localSubnetSources.map(({ base, size }) => 2 ** (size - prefixLength(base)));
    assert.equal(
      networks.reduce((sum, count) => sum + count),
      31,
    );
  });

  it('derive a unique local /48 from the engine ID', () => {
    const digest = createHash('sha256').update('engine').digest('hex');
    const groups = `fd${digest.slice(6, 16)}`.match(/.{4}/g)?.join(':');
    const { base, size } = uniqueLocalSource('engine');
    assert.equal(base, parsePrefix(`${groups}::/48`));
    assert.equal(size, 64);
    assert.ok(prefixCovers(parsePrefix('fd00::/8'), base));
    assert.notEqual(base, uniqueLocalSource('other engine').base);
  });

  it('are replaced by configured ones, but IPv6 never goes without a source', () => {
    const v4 = parseSubnetSources([{ base: '10.10.0.0/16', size: 24 }]);
    const v6 = parseSubnetSources([{ base: 'fd00:1::/48', size: 64 }]);
    assert.deepEqual(subnetSources([], 'e'), [...localSubnetSources, uniqueLocalSource('e')]);
    assert.deepEqual(subnetSources(v4, 'e'), [...v4, uniqueLocalSource('e')]);
    assert.deepEqual(subnetSources(v6, 'e'), v6);
  });
});

describe('default-address-pools', () => {
  it('are used in the order of their bases, without those inside an earlier one', () => {
    const sources = parseSubnetSources([
      { base: 'fd00::/48', size: 64 },
      { base: '192.168.0.0/16', size: 24 },
      { base: '10.1.0.0/16', size: 24 },
      { base: '10.0.0.0/8', size: 16 },
      { base: '10.0.0.0/16', size: 16 },
    ]);
    assert.deepEqual(
      sources.map(({ base }) => base),
      ['10.0.0.0/8', '192.168.0.0/16', 'fd00::/48'],
    );
  });

  const faults: [base: string, size: number, message: string][] = [
    ['10.0.0.1/8', 24, 'network at index 1 (10.0.0.1/8) is not in canonical form'],
    [
      '10.0.0.0/16',
      8,
      'network at index 1 (10.0.0.0/16) has a smaller prefix (/16) than the target size of that pool (/8)',
    ],
    ['10.0.0.0/16', 33, 'network at index 1 (10.0.0.0/16) has an invalid target size (/33)'],
    ['ten', 24, 'network at index 1 is invalid: invalid CIDR address: ten'],
  ];
  for (const [base, size, message] of faults) {
    it(`refuses ${base} cut into /${size}`, () => {
      const entries = [
        { base: '172.16.0.0/16', size: 24 },
        { base, size },
      ];
      assert.throws(() => parseSubnetSources(entries), invalid(message));
    });
  }

  it('are read from the flag', () => {
    assert.deepEqual(parseSubnetSourceFlag('base=10.10.0.0/16,size=24'), { base: '10.10.0.0/16', size: 24 });
    assert.throws(() => parseSubnetSourceFlag('base'), invalid("invalid field 'base' must be a key=value pair"));
    assert.throws(() => parseSubnetSourceFlag('bse=1'), invalid("unexpected key 'bse' in 'bse=1'"));
    assert.throws(() => parseSubnetSourceFlag('size=x'), invalid('invalid size value: "size=x" (must be integer)'));
    assert.throws(
      () => parseSubnetSourceFlag('base=x,size=24'),
      invalid('invalid base prefix "x": invalid CIDR address: x'),
    );
  });
});
