import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ipFromBytes, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { claimantOf, conflictPause, probeFrame } from './address-probe.ts';
import { announcement, claim, identity, serverMac } from './testing/samples.ts';

const ours = identity.mac;
const others = parseMacAddress('52:54:00:00:00:02');
const addresses = ['192.0.2.9', '2001:db8::9:9'].map((text) => parseIpAddress(text));

describe('asking a link who has an address', () => {
  test('is done in nobody’s name, as RFC 5227 and RFC 4862 have it', () => {
    const [arp, solicitation] = addresses.map((address) => Buffer.from(probeFrame(address, ours)).toString('hex'));
    assert.equal(
      arp,
      ['ffffffffffff', '024200000005', '0806', '00010800', '0604', '0001'].join('') +
        ['024200000005', '00000000', '000000000000', 'c0000209'].join(''),
    );
    // To the solicited-node address, from ::, with a hop limit of 255: type 135, the target behind it.
    assert.match(solicitation ?? '', /^3333ff09000902420000000586dd6000000000183aff/);
    const packet = Buffer.from(solicitation ?? '', 'hex').subarray(22);
    assert.deepEqual(
      [ipFromBytes(packet.subarray(0, 16)), ipFromBytes(packet.subarray(16, 32))],
      ['::', 'ff02::1:ff09:9'],
    );
    assert.deepEqual([packet[32], ipFromBytes(packet.subarray(40))], [135, '2001:db8::9:9']);
  });

  for (const address of addresses) {
    test(`is answered for ${address} by who has it, and by who asks for it as well`, () => {
      assert.equal(claimantOf(claim(address), address, ours), serverMac);
      assert.equal(claimantOf(probeFrame(address, others), address, ours), others);
    });

    test(`is not answered for ${address} by our own frames, by other addresses or by anything else`, () => {
      assert.equal(claimantOf(probeFrame(address, ours), address, ours), undefined);
      for (const other of ['192.0.2.8', '2001:db8::8'].map((text) => parseIpAddress(text))) {
        assert.equal(claimantOf(claim(other), address, ours), undefined);
        assert.equal(claimantOf(probeFrame(other, others), address, ours), undefined);
      }
      const noise = [announcement({ managed: true, autonomous: true }), new Uint8Array(60), new Uint8Array(3)];
      for (const frame of noise) assert.equal(claimantOf(frame, address, ours), undefined);
    });
  }

  test('is done again at once after the first conflict, and ever more rarely', () => {
    assert.deepEqual([1, 2, 10, 11].map(conflictPause), [0, 10_000, 10_000, 60_000]);
  });
});
